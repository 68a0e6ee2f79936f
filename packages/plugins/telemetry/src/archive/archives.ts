import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError, type Clock, type Logger } from '@longshore/core'
import { ServiceName } from '@longshore/core/protocol'
import type { TelemetryConfig } from '../config.js'
import type { Known } from '../instances.js'
import { Archive } from './archive.js'

/** Parts of the age that one segment may span: lines are kept longer than asked by at most one of them. */
const ageParts = 14

export interface ArchivesOptions {
  /** The plugin's folder. */
  folder: string
  config: TelemetryConfig['logs']
  clock: Clock
  log: Logger
  knownOf(service: string, instance: string): Promise<Known | undefined>
}

/** The archives of this host: a folder each, also of services that are not declared any more. */
export class Archives {
  readonly #options: ArchivesOptions
  readonly #root: string
  readonly #open = new Map<string, Promise<Archive>>()

  constructor(options: ArchivesOptions) {
    this.#options = options
    this.#root = join(options.folder, 'logs')
  }

  /** The archive of a service; an empty one is made where there was none. */
  get(service: string): Promise<Archive> {
    const known = this.#open.get(service)
    if (known) return known
    const { config, knownOf, log } = this.#options
    const opening = Archive.open({
      directory: join(this.#root, service),
      size: config.size,
      segmentAge: config.age / ageParts,
      knownOf: (instance) => knownOf(service, instance),
      trouble: (error) => {
        const facts = error === undefined ? { service } : { service, ...describeError(error) }
        if (error === undefined) log.info(facts, 'lines are kept again')
        else log.warn(facts, 'lines cannot be kept until there is room again; they are counted')
      },
    })
    this.#open.set(service, opening)
    opening.catch(() => this.#open.delete(service))
    return opening
  }

  /** The archive of a service, if there is one. */
  async find(service: string): Promise<Archive | undefined> {
    return this.#open.has(service) || (await this.services()).includes(service)
      ? this.get(service)
      : undefined
  }

  /** The services that have an archive. */
  async services(): Promise<string[]> {
    const names = await readdir(this.#root).catch(() => [])
    return names.filter((name) => ServiceName.safeParse(name).success)
  }

  /** Removes what is too old, and the folders of services that are not declared any more and have nothing left. */
  async sweep(declared: ReadonlySet<string>): Promise<void> {
    const { config, clock, log } = this.#options
    for (const service of await this.services()) {
      try {
        const archive = await this.get(service)
        await archive.sweep(clock.now() - config.age)
        if (archive.end === archive.first && !declared.has(service)) await this.#remove(service, archive)
      } catch (error) {
        log.warn({ service, error }, 'old lines could not be removed; it is tried again')
      }
    }
  }

  async close(): Promise<void> {
    for (const archive of await Promise.allSettled(this.#open.values()))
      if (archive.status === 'fulfilled') await archive.value.close()
  }

  async #remove(service: string, archive: Archive): Promise<void> {
    this.#open.delete(service)
    await archive.close()
    await rm(join(this.#root, service), { recursive: true, force: true })
  }
}
