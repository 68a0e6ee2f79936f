import { cgroupsNamed, readCgroups, readNetwork, sharesNetwork } from '@longshore/core'
import type { CgroupFolders, FoundInstance, Gauge, Reading } from '@longshore/core'
import type { Engine } from '../client.js'
import { isFault } from '../errors.js'
import { readAnswer } from './stats-answer.js'

/** Where a container's figures are. */
interface Place {
  pid: number
  folders: CgroupFolders
  network: boolean
  /** Bytes; undefined without one. */
  memoryLimit: number | undefined
}

/**
 * One container that runs. Its engine is asked once where it is; then its figures are read from its cgroup's files, or
 * where those cannot be read, as on another machine, are asked from the engine each time.
 */
export class ContainerGauge implements Gauge {
  readonly container: FoundInstance
  /** The engine said that it does not run. */
  gone = false
  readonly #engine: Engine
  readonly #root: string
  #place: Place | undefined

  constructor(container: FoundInstance, engine: Engine, root: string) {
    this.container = container
    this.#engine = engine
    this.#root = root
  }

  get instance(): string {
    return this.container.instance
  }

  read(): Reading | undefined | Promise<Reading | undefined> {
    return (this.#place && this.#files(this.#place)) ?? this.#ask()
  }

  /** The network before the cgroup: while that is there, the process has its number. */
  #files({ pid, folders, network }: Place): Reading | undefined {
    const passed = network ? readNetwork(pid, this.#root) : {}
    const reading = readCgroups(folders)
    const enough = reading.cpu !== undefined && reading.memory !== undefined
    return enough ? { ...passed, ...reading } : undefined
  }

  async #ask(): Promise<Reading | undefined> {
    const { instance } = this
    const place = (this.#place = await this.#find())
    if (!place) return undefined
    return this.#files(place) ?? readAnswer(await this.#engine.stats(instance), place.memoryLimit)
  }

  /** Undefined when it does not run. */
  async #find(): Promise<Place | undefined> {
    const details = await this.#engine.inspect(this.instance).catch((error: unknown) => {
      if (!isFault(error, 'missing')) throw error
      return undefined
    })
    this.gone = !details || details.State.Pid === 0
    if (!details || this.gone) return undefined
    const { State, HostConfig } = details
    const host = HostConfig.NetworkMode === 'host'
    return {
      pid: State.Pid,
      // Of another machine's container nothing here has the name: the number may be anybody's.
      folders: cgroupsNamed(this.instance, State.Pid, this.#root),
      network: !host && sharesNetwork(State.Pid) !== true,
      memoryLimit: HostConfig.Memory || undefined,
    }
  }
}
