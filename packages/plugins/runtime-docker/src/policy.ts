import { readlinkSync, realpathSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
import type { ContainerRun, DockerConfig } from './config.js'
import { policyRefused } from './errors.js'

/** Refuses what would give a container power over the host, unless the service's `allow` names the rule. */
export function checkPolicy(run: ContainerRun, { hostPaths }: DockerConfig): void {
  const refuse = (rule: ContainerRun['allow'][number], what: string) => {
    if (!run.allow.includes(rule)) throw policyRefused(rule, what)
  }
  if (run.capAdd.length > 0) refuse('capabilities', `the capabilities ${run.capAdd.join(', ')}`)
  for (const { kind, source } of run.volumes) {
    const fault = kind === 'bind' && bindFault(source, hostPaths)
    if (fault) refuse(...fault)
  }
}

/** The rule by which a folder of the host is refused to a container, and what is said then. */
export function bindFault(
  source: string,
  hostPaths: readonly string[],
): ['docker-socket' | 'host-path', string] | undefined {
  const real = realPath(source)
  if (/(^|\/)docker\.sock$/.test(real) || real === '/run' || real === '/var/run')
    return ['docker-socket', `the volume ${source}: whoever has the engine's socket is root on this host`]
  return hostPaths.some((allowed) => isWithin(real, realPath(allowed)))
    ? undefined
    : ['host-path', `the volume ${source}: docker.hostPaths does not name it`]
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
