import type { ApplyContext, Plan } from '@longshore/core'
import type { ContainerBody } from '../client.js'
import type { ContainerRun } from '../config.js'
import { realPath } from '../policy.js'
import { labelsOf } from './labels.js'
import type { Port, Volume } from './mounts.js'
import { aliasesIn } from './networks.js'

/** The container's name once it is kept. */
export function nameOf({ service, deployment }: Plan): string {
  return `longshore-${service}-${deployment}`
}

const trialEnd = '.new'

/** Whether a container is not kept yet, which its name tells: a label could not change. */
export function isOnTrial(name: string): boolean {
  return name.endsWith(trialEnd)
}

/** What the engine is asked to make: a container on trial. Secrets are opened here, and go nowhere but into the container's environment. */
export async function bodyOf(
  plan: Plan<ContainerRun>,
  image: string,
  secret: ApplyContext['secret'],
): Promise<ContainerBody> {
  const { run, service } = plan
  const { limits, healthcheck } = run
  const [network] = run.networks
  return {
    name: `${nameOf(plan)}${trialEnd}`,
    Image: image,
    Cmd: run.command,
    Entrypoint: run.entrypoint,
    User: run.user,
    Env: await environment(plan, secret),
    StopTimeout: Math.ceil(run.grace / 1000),
    Labels: { ...run.labels, ...labelsOf(plan) },
    ExposedPorts: Object.fromEntries(run.ports.map((port) => [portKey(port), {}])),
    Healthcheck: healthcheck && {
      Test: ['CMD', ...healthcheck.test],
      Interval: nanoseconds(healthcheck.interval),
      Timeout: nanoseconds(healthcheck.timeout),
      StartPeriod: nanoseconds(healthcheck.startPeriod),
      Retries: healthcheck.retries,
    },
    HostConfig: {
      PortBindings: bindings(run.ports),
      Binds: run.volumes.map(bind),
      NetworkMode: network,
      RestartPolicy: { Name: run.restart === 'no' ? '' : run.restart },
      Memory: limits.memory,
      NanoCpus: limits.cpus === undefined ? undefined : Math.round(limits.cpus * 1e9),
      PidsLimit: limits.pids,
      ReadonlyRootfs: run.readOnly,
      CapAdd: run.capAdd,
      CapDrop: run.capDrop,
      // A process that is replaced by one with the set-user-ID bit gains nothing by it.
      SecurityOpt: ['no-new-privileges'],
    },
    NetworkingConfig: network
      ? {
          EndpointsConfig: { [network]: { Aliases: aliasesIn(network, service) } },
        }
      : undefined,
  }
}

/** `NAME=value`, secrets opened. */
export async function environment(
  plan: Plan<ContainerRun>,
  secret: ApplyContext['secret'],
): Promise<string[]> {
  const words: string[] = []
  for (const [name, value] of Object.entries(plan.run.env))
    words.push(`${name}=${typeof value === 'string' ? value : (await secret(value)).open()}`)
  for (const [name, value] of Object.entries(plan.env)) words.push(`${name}=${value}`)
  return words
}

function bindings(ports: Port[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const all: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const port of ports) {
    const { address, host } = port
    ;(all[portKey(port)] ??= []).push({ HostIp: address, HostPort: host === 0 ? '' : String(host) })
  }
  return all
}

function portKey({ container, protocol }: Port): string {
  return `${container}/${protocol}`
}

/** A folder of the host is named by where it leads: that was checked. */
function bind({ source: declared, target, readOnly, kind }: Volume): string {
  const source = kind === 'bind' ? realPath(declared) : declared
  return `${source}:${target}${readOnly ? ':ro' : ''}`
}

function nanoseconds(milliseconds: number): number {
  return milliseconds * 1e6
}
