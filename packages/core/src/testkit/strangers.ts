import { testImage, type DockerEngine } from './docker-engine.js'

/** What of `docker inspect` is compared. */
type Told = Record<string, unknown> & {
  State: Record<string, unknown>
  NetworkSettings: { Networks: Record<string, object> }
}

/** Ten containers that are somebody else's on the same engine, some with labels that look like ours: nothing of them may change. */
export class Strangers {
  readonly #docker: DockerEngine
  readonly #ids: string[] = []

  constructor(docker: DockerEngine) {
    this.#docker = docker
  }

  /** Runs them beside a service of a host. */
  async run(service: string, host: string): Promise<void> {
    const ours = [`longshore.host=${host}`, `longshore.service=${service}`]
    const deployment = `longshore.deployment=${'0'.repeat(16)}`
    const labels = [
      [],
      ['com.docker.compose.project=app'],
      [ours[1]!],
      ['longshore.host=other', ours[1]!, deployment],
      [ours[0]!],
      ours,
      [ours[0]!, `${ours[1]}\nx`, deployment],
      [ours[0]!, 'longshore.service=../../etc', deployment],
      [ours[0]!, 'longshore.service={"a":1}', 'longshore.deployment=<img src=x>'],
      [...ours, 'longshore.deployment=\u202e'],
    ]
    const options = ['--detach', '--restart', 'unless-stopped', '--memory', '32m']
    for (const own of labels) {
      const words = own.flatMap((label) => ['--label', label])
      this.#ids.push(await this.#docker.docker('run', ...options, ...words, testImage, 'sleep', '1000'))
    }
  }

  /** As `docker inspect` tells them; with `lasting` only what a restart of the engine leaves. */
  async inspect(lasting = false): Promise<unknown[]> {
    const all = JSON.parse(await this.#docker.docker('inspect', ...this.#ids)) as Told[]
    return all.map(
      ({ Id, Name, Image, RestartCount, State, Config, HostConfig, Mounts, NetworkSettings }) => {
        const { Pid, StartedAt, Status } = State
        const rest = { Id, Name, Image, Config, HostConfig, Mounts }
        const networks = NetworkSettings.Networks
        if (lasting) return { ...rest, networks: Object.keys(networks) }
        return { ...rest, RestartCount, Pid, StartedAt, Status, networks }
      },
    )
  }
}
