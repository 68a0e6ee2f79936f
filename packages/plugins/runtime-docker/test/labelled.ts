import { testImage, type DockerEngine } from '@longshore/core/testkit'

const marks = { service: 'hello', host: 'box', deployment: 'deployment000001' }

/** The options of `docker run` for a container of a service. */
export const labels = Object.entries(marks).flatMap(([key, value]) => [
  '--label',
  `longshore.${key}=${value}`,
])

/** A container of a service that runs a script; answers its id. */
export function run(docker: DockerEngine, script: string, ...options: string[]): Promise<string> {
  return docker.docker('run', '--detach', ...labels, ...options, testImage, 'sh', '-c', script)
}

export async function removeAll(docker: DockerEngine): Promise<void> {
  const left = await docker.docker('ps', '--all', '--quiet')
  if (left) await docker.docker('rm', '--force', ...left.split('\n'))
}
