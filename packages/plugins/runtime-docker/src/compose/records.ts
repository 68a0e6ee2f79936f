import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, FoundInstance, PlacementRef } from '@longshore/core'
import { z } from 'zod'
import { ComposeRun } from './config.js'
import { Model } from './model.js'
import { endLeft } from './process.js'

/** What a service's project was last brought to. No value of a secret is in it. */
export const ProjectRecord = z.object({
  version: z.literal(1),
  service: z.string(),
  deployment: z.string(),
  project: z.string(),
  directory: z.string(),
  /** What was applied, with stand-ins for secrets, and the declared variables that they come from. */
  model: Model,
  env: ComposeRun.shape.env,
  /** Deployments whose folders its containers have files of. */
  folders: z.array(z.string()),
})
export type ProjectRecord = z.infer<typeof ProjectRecord>

/**
 * What each service's project is at. A container that did not change carries the labels of the deployment that made it,
 * since Compose would replace it otherwise; this says which deployment it runs for now. Without a record its labels do.
 */
export class Records {
  readonly #root: string
  readonly #clock: Clock
  readonly #records = new Map<string, ProjectRecord>()
  #opened: Promise<void> | undefined

  /** `data`: the data folder. */
  constructor(data: string, clock: Clock) {
    this.#root = join(data, 'docker')
    this.#clock = clock
  }

  /** Once, before anything else: reads the records, and ends a Compose that a killed Longshore left at work. */
  open(): Promise<void> {
    return (this.#opened ??= this.#read().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    }))
  }

  get(service: string): ProjectRecord | undefined {
    return this.#records.get(service)
  }

  /** A folder of the service's own for the time of one call; the processes of that call are marked with it too. */
  home(service: string): string {
    return join(this.#root, 'calls', service)
  }

  /** The deployment that a container runs for. Ids sort by time: one with a later label is about to replace it. */
  deploymentOf({ service, deployment }: FoundInstance): string {
    const record = this.#records.get(service)
    return record && deployment <= record.deployment ? record.deployment : deployment
  }

  /** The deployments whose folders these containers need. */
  foldersOf(instances: FoundInstance[]): string[] {
    const needed = instances.flatMap((instance) => {
      const record = this.#records.get(instance.service)
      return record && instance.deployment <= record.deployment
        ? [record.deployment, ...record.folders]
        : [instance.deployment]
    })
    return [...new Set(needed)]
  }

  async save(record: ProjectRecord): Promise<void> {
    await this.open()
    const file = this.#file(record.service)
    await mkdir(this.#root, { recursive: true, mode: 0o700 })
    const handle = await open(`${file}.new`, 'w', 0o600)
    try {
      await handle.writeFile(JSON.stringify(record))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(`${file}.new`, file)
    this.#records.set(record.service, record)
  }

  async remove({ service }: PlacementRef): Promise<void> {
    this.#records.delete(service)
    await rm(this.#file(service), { force: true })
  }

  #file(service: string): string {
    return join(this.#root, `${service}.json`)
  }

  async #read(): Promise<void> {
    await endLeft(this.home(''), this.#clock)
    await rm(this.home(''), { recursive: true, force: true })
    const names = await readdir(this.#root).catch(() => [])
    for (const name of names.filter((each) => each.endsWith('.json'))) {
      const text = await readFile(join(this.#root, name), 'utf8').catch(() => '')
      const record = parse(text)
      if (record) this.#records.set(record.service, record)
    }
  }
}

/** One that cannot be read is as good as none. */
function parse(text: string): ProjectRecord | undefined {
  try {
    return ProjectRecord.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
