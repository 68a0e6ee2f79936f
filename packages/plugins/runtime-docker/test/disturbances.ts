import { testImage, type DockerEngine } from '@longshore/core/testkit'

export const policies = ['heal', 'report', 'ignore'] as const
export const drifting = ['drift.found', 'drift.healed', 'drift.gaveUp']

/** What somebody does to a container behind Longshore's back, and how that is called. */
export interface Disturbance {
  what: string
  do(docker: DockerEngine, id: string): Promise<unknown>
}

export const disturbances: Record<string, Disturbance> = {
  rm: { what: 'removed', do: (docker, id) => docker.docker('rm', '--force', id) },
  stop: { what: 'stopped', do: (docker, id) => docker.docker('stop', '--time', '1', id) },
  kill: { what: 'killed', do: (docker, id) => docker.docker('kill', id) },
  image: { what: 'image', do: remake },
}

/** Each of them by each policy. */
export function casesOf(all: Record<string, Disturbance>) {
  return policies.flatMap((policy) =>
    Object.entries(all).map(([how, rest]) => ({ policy, name: `${policy}-${how}`, ...rest })),
  )
}

/** Another image than the test image. */
export async function makeOther(docker: DockerEngine): Promise<void> {
  await docker.docker('run', '--name', 'base', testImage, 'touch', '/other')
  await docker.docker('commit', 'base', 'other:1')
  await docker.docker('rm', 'base')
}

/** Somebody makes the container anew, of another image. */
async function remake(docker: DockerEngine, id: string): Promise<void> {
  const [{ Name, Config, HostConfig }] = JSON.parse(await docker.docker('inspect', id)) as [
    { Name: string; Config: { Labels: Record<string, string> }; HostConfig: { NetworkMode: string } },
  ]
  const labels = Object.entries(Config.Labels).flatMap(([key, value]) => ['--label', `${key}=${value}`])
  await docker.docker('rm', '--force', id)
  const options = ['--detach', '--restart', 'unless-stopped', '--network', HostConfig.NetworkMode]
  const words = ['--name', Name.slice(1), ...options, ...labels, 'other:1', 'sleep', '1000']
  await docker.docker('run', ...words)
}
