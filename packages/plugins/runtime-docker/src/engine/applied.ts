import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@longshore/core'
import { z } from 'zod'
import type { ContainerDetails } from '../schema.js'
import { nameOf, settingsOf } from './settings.js'

/** A container as it was left when it was applied. */
const AppliedContainer = z.object({
  id: z.string(),
  name: z.string(),
  image: z.string(),
  settings: z.record(z.string(), z.string()),
  /** It did its work and ended by itself: that it does not run is right. */
  done: z.boolean(),
  /** Somebody ended it. */
  by: z.enum(['stopped', 'killed']).optional(),
})
export type AppliedContainer = z.infer<typeof AppliedContainer>

const Applied = z.object({
  version: z.literal(1),
  /** Something is being applied: what is there meanwhile says nothing. */
  working: z.boolean(),
  containers: z.array(AppliedContainer),
  /** Its settings as they were declared, where one container is all of it; of variables their names. */
  resolved: z.string().optional(),
})
type Applied = z.infer<typeof Applied>

/** Nothing is being applied. */
const rest = { version: 1, working: false } as const

/** Told of what is done to services. */
export interface Watcher {
  /** What there is of it is looked at now, and that look is kept. */
  looking(service: string): void
  /** What was done to it has ended. `kept`: what such a look found is there. */
  ended(service: string, kept: boolean): void
}

/**
 * What was applied of each service, in a file each, so that drift is known over restarts of Longshore; and which services are
 * being worked on now. Where such a file is lost, what is there counts as right until something is applied.
 */
export class AppliedServices {
  readonly #folder: string
  readonly #log: Logger
  readonly #known = new Map<string, Applied>()
  /** Calls under way, and how many there have been. */
  readonly #works = new Map<string, { open: number; begun: number }>()
  readonly #watchers = new Set<Watcher>()
  /** Services that were applied by the work that is under way. */
  readonly #done = new Set<string>()
  /** Services that are applied after that was broken off. */
  readonly #resumed = new Set<string>()
  #opening: Promise<void> | undefined

  /** `data`: the host's data folder. */
  constructor(data: string, log: Logger) {
    this.#folder = join(data, 'docker', 'applied')
    this.#log = log
  }

  /** Reads the files, once. */
  open(): Promise<void> {
    return (this.#opening ??= this.#open())
  }

  services(): string[] {
    return [...this.#known.keys()]
  }

  /** What shall be there of a service; undefined when that is not known. */
  of(service: string): readonly AppliedContainer[] | undefined {
    return this.#known.get(service)?.containers
  }

  /** The settings of a service of one container as they were applied. */
  resolvedOf(service: string): string | undefined {
    return this.#known.get(service)?.resolved
  }

  /** Whether applying was broken off: what is there is neither the old nor the new. */
  isTorn(service: string): boolean {
    return this.#known.get(service)?.working ?? false
  }

  /** Something is done to the service; watchers are told when it has ended. */
  async work<T>(service: string, work: () => Promise<T>): Promise<T> {
    await this.open()
    const before = this.#works.get(service) ?? { open: 0, begun: 0 }
    this.#works.set(service, { open: before.open + 1, begun: before.begun + 1 })
    try {
      return await work()
    } finally {
      const { open, begun } = this.#works.get(service)!
      this.#works.set(service, { open: open - 1, begun })
      const kept = this.#done.delete(service)
      if (open === 1) for (const watcher of this.#watchers) watcher.ended(service, kept)
    }
  }

  /** Undefined while something is done to the service; else a number that is another one once something was. */
  rest(service: string): number | undefined {
    const { open, begun } = this.#works.get(service) ?? { open: 0, begun: 0 }
    return open > 0 ? undefined : begun
  }

  /** Calls back until the answer is called. */
  listen(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** While a service is applied: what was there before, unless that was broken off itself. */
  before(service: string): readonly AppliedContainer[] | undefined {
    return this.#resumed.has(service) ? undefined : this.of(service)
  }

  /** Applying begins. */
  begin(service: string): Promise<void> {
    if (this.isTorn(service)) this.#resumed.add(service)
    const containers = this.#known.get(service)?.containers ?? []
    return this.#keep(service, { version: 1, working: true, containers, resolved: this.resolvedOf(service) })
  }

  /** What came of applying is looked at from now on. */
  looking(service: string): void {
    for (const watcher of this.#watchers) watcher.looking(service)
  }

  /** It was applied, and these containers are what came of it. */
  done(service: string, all: ContainerDetails[], resolved: string | undefined): Promise<void> {
    this.#done.add(service)
    return this.#keep(service, { ...rest, containers: all.map(appliedOf), resolved })
  }

  /** It failed: what was brought back under the same name is right; what was not is missing. */
  failed(service: string, all: ContainerDetails[]): Promise<void> {
    const before = this.#known.get(service)?.containers ?? []
    const containers = before.map((each) => {
      const back = all.find((one) => nameOf(one) === each.name && one.State.Running)
      return back ? appliedOf(back) : each
    })
    return this.#keep(service, { ...rest, containers, resolved: this.resolvedOf(service) })
  }

  /** More is known of how some of its containers ended. */
  ended(service: string, containers: AppliedContainer[]): Promise<void> {
    return this.#keep(service, { ...rest, containers, resolved: this.resolvedOf(service) })
  }

  async forget(service: string): Promise<void> {
    this.#known.delete(service)
    await rm(this.#file(service), { force: true }).catch((error: unknown) => this.#warn(service, error))
  }

  async #open(): Promise<void> {
    const files = await readdir(this.#folder).catch(() => [])
    for (const file of files) {
      if (!file.endsWith('.json')) continue
      const text = await readFile(join(this.#folder, file), 'utf8').catch(() => '')
      const applied = read(text)
      if (applied) this.#known.set(file.slice(0, -'.json'.length), applied)
    }
  }

  /** A disk that is full hinders no deployment: then it is known until Longshore ends. */
  async #keep(service: string, applied: Applied): Promise<void> {
    this.#known.set(service, applied)
    if (!applied.working) this.#resumed.delete(service)
    const file = this.#file(service)
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      await writeFile(`${file}.new`, JSON.stringify(applied), { mode: 0o600 })
      await rename(`${file}.new`, file)
    } catch (error) {
      this.#warn(service, error)
    }
  }

  #file(service: string): string {
    return join(this.#folder, `${service}.json`)
  }

  #warn(service: string, error: unknown): void {
    this.#log.warn({ error, service }, 'what was applied could not be written down')
  }
}

function read(text: string): Applied | undefined {
  try {
    return Applied.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

function appliedOf(details: ContainerDetails): AppliedContainer {
  const { Id: id, Image: image, State } = details
  const done = !State.Running && State.ExitCode === 0
  return { id, name: nameOf(details), image, settings: settingsOf(details), done }
}
