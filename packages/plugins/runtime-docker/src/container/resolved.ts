import type { ContainerRun } from '../config.js'
import { printYaml } from '../compose/yaml.js'
import type { Port, Volume } from './mounts.js'

/** What a container is declared to be, for people to read and to compare; of variables their names. */
export function resolvedOf(run: ContainerRun): string {
  const {
    env,
    ports,
    volumes,
    grace,
    healthcheck,
    registry: _registry,
    kind: _kind,
    ...rest
  } = run as Declared
  return printYaml({
    ...rest,
    env: Object.keys(env).sort(),
    ports: ports.map(portText),
    volumes: volumes.map(volumeText),
    grace: `${grace}ms`,
    ...(healthcheck && { healthcheck: { ...healthcheck, interval: `${healthcheck.interval}ms` } }),
  })
}

/** What the kinds have beside it: the password of a registry is a secret. */
type Declared = ContainerRun & { registry?: unknown; kind?: unknown }

function portText({ address, host, container, protocol }: Port): string {
  return `${address.includes(':') ? `[${address}]` : address}:${host}:${container}/${protocol}`
}

function volumeText({ source, target, readOnly }: Volume): string {
  return `${source}:${target}${readOnly ? ':ro' : ''}`
}
