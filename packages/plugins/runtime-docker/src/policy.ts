import { realpathSync } from 'node:fs'
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
    if (kind !== 'bind') continue
    const real = realPath(source)
    if (/(^|\/)docker\.sock$/.test(real) || real === '/run' || real === '/var/run')
      refuse('docker-socket', `the volume ${source}: whoever has the engine's socket is root on this host`)
    else if (!hostPaths.some((allowed) => isWithin(real, realPath(allowed))))
      refuse('host-path', `the volume ${source}: docker.hostPaths does not name it`)
  }
}

/** Where a path leads once every link is followed; what does not exist yet, by the nearest folder that does. */
function realPath(path: string): string {
  const whole = resolve(path)
  try {
    return realpathSync(whole)
  } catch {
    return whole === sep ? whole : resolve(realPath(dirname(whole)), whole.slice(whole.lastIndexOf(sep) + 1))
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === sep ? sep : `${folder}${sep}`)
}
