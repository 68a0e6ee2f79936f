import { readlinkSync, realpathSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
import type { Engine } from './client.js'
import type { ContainerRun, DockerConfig, PolicyRule } from './config.js'
import { policyRefused } from './errors.js'

/** What the policy has to know of this host. */
export interface PolicyHost {
  /** Folders that volumes may name, and all below them. */
  hostPaths: readonly string[]
  /** The engine's socket, where it has one here. */
  socket?: string | undefined
  /** Longshore's own data folder. */
  data?: string | undefined
}

export function policyHost({
  engine,
  config: { hostPaths },
  data,
}: {
  engine: Engine
  config: DockerConfig
  data?: string | undefined
}): PolicyHost {
  return { hostPaths, socket: engine.endpoint.socketPath, data }
}

/** Whoever may open one of these is root. */
const sockets = [
  '/var/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/podman/podman.sock',
  '/run/crio/crio.sock',
]
/** Whoever may write to one of these, or to what lies in it, is root or takes the host down. */
const system = [
  ...[
    '/bin',
    '/boot',
    '/dev',
    '/etc',
    '/lib',
    '/lib32',
    '/lib64',
    '/proc',
    '/root',
    '/run',
    '/sbin',
    '/sys',
    '/usr',
  ],
  ...['/var/lib/docker', '/var/lib/containerd', '/var/spool/cron'],
]
/** Names of networks that are none: the host's own, another container's, or no separation at all. */
const shared = /^(host|none|container:.*)$/

/** Refuses what would give a container power over the host, unless the service's `allow` names the rule. */
export function checkPolicy(run: ContainerRun, host: PolicyHost): void {
  const refuse = (rule: PolicyRule, what: string) => {
    if (!run.allow.includes(rule)) throw policyRefused(rule, what)
  }
  if (run.capAdd.length > 0) refuse('capabilities', `the capabilities ${run.capAdd.join(', ')}`)
  for (const name of run.networks)
    if (shared.test(name)) refuse('host-namespace', `the network ${name}: it is none of the service's own`)
  for (const { kind, source } of run.volumes) {
    const fault = kind === 'bind' && bindFault(source, host)
    if (fault) refuse(...fault)
  }
}

const reasons = {
  'docker-socket': "whoever has the engine's socket is root on this host",
  'system-path': 'it is of the system, or of Longshore itself',
  'host-path': 'docker.hostPaths does not name where it leads',
}

/** The rule by which a folder of the host is refused to a container, the gravest one, and what is said then. */
export function bindFault(source: string, host: PolicyHost): [keyof typeof reasons, string] | undefined {
  const rule = ruleAgainst(realPath(source), host)
  return rule && [rule, `the volume ${source}: ${reasons[rule]}`]
}

function ruleAgainst(
  path: string,
  { hostPaths, socket, data }: PolicyHost,
): keyof typeof reasons | undefined {
  const real = (all: readonly string[]) => all.map((each) => realPath(each))
  // What holds it gives it as well, and a folder may be put in the place of what is not there yet.
  if (real(socket ? [socket, ...sockets] : sockets).some((each) => isWithin(each, path)))
    return 'docker-socket'
  const allowed = real(hostPaths).filter((each) => isWithin(path, each))
  for (const each of real(data === undefined ? system : [...system, data])) {
    const named = allowed.some((folder) => isWithin(folder, each))
    if (isWithin(path, each) ? !named : isWithin(each, path)) return 'system-path'
  }
  return allowed.length > 0 ? undefined : 'host-path'
}

/**
 * Where a path leads once every link is followed; what does not exist yet, by the nearest folder that does. A link that
 * leads nowhere is followed too: whoever makes what it names makes it there.
 */
export function realPath(path: string, links = 0): string {
  const whole = resolve(path)
  try {
    return realpathSync(whole)
  } catch {
    if (whole === sep) return whole
    const parent = realPath(dirname(whole), links)
    const at = resolve(parent, whole.slice(whole.lastIndexOf(sep) + 1))
    const link = links < 40 ? linkOf(at) : undefined
    return link === undefined ? at : realPath(resolve(parent, link), links + 1)
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === sep ? sep : `${folder}${sep}`)
}
