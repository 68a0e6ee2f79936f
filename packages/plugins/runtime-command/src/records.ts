import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Plan } from '@longshore/core'
import type { CommandRun } from './config.js'
import type { Identity } from './processes.js'

/** What is known of an instance on disk: enough to find it, to start it again and to end it. No secret's value. */
export interface InstanceRecord {
  version: 1
  plan: Plan<CommandRun>
  /** `starting` until `up` succeeded: after a crash such a one is ended, not adopted. */
  state: 'starting' | 'up'
  process?: Identity
  /** The path of its cgroup, where it has one. */
  cgroup?: string
}

/** Homes of instances that are gone, kept for their logs: so many for each service. */
const keptHomes = 5

/** Homes of commands beside what runs: no service has such a name. */
const oneOffs = '.one-off'

/** The runtime's folder: `id`, and a home for each instance in `<service>/<deployment>`. */
export class Records {
  readonly root: string
  /** Tells the processes of this data folder from those of any other Longshore on the machine. */
  #id = ''

  constructor(data: string) {
    this.root = join(data, 'runtime-command')
  }

  async open(): Promise<void> {
    await mkdir(this.root, { recursive: true, mode: 0o700 })
    await rm(join(this.root, oneOffs), { recursive: true, force: true })
    const file = join(this.root, 'id')
    this.#id = (await readFile(file, 'utf8').catch(() => '')).trim()
    if (/^[0-9a-f]{32}$/.test(this.#id)) return
    this.#id = randomBytes(16).toString('hex')
    await replace(file, `${this.#id}\n`, true)
  }

  get id(): string {
    return this.#id
  }

  /** The prefix of every mark of this data folder. */
  get marks(): string {
    return `${this.#id}/`
  }

  mark({ service, deployment }: { service: string; deployment: string }): string {
    return `${this.marks}${service}/${deployment}`
  }

  home(service: string, instance: string): string {
    return join(this.root, service, instance)
  }

  homeOfOneOff(name: string): string {
    return join(this.root, oneOffs, name)
  }

  async save(record: InstanceRecord): Promise<void> {
    const home = this.home(record.plan.service, record.plan.deployment)
    await mkdir(home, { recursive: true, mode: 0o700 })
    await replace(join(home, 'record.json'), JSON.stringify(record), record.state === 'up')
  }

  async remove({ service, deployment }: Plan): Promise<void> {
    await rm(join(this.home(service, deployment), 'record.json'), { force: true })
  }

  /** The instances of a service that have a home, oldest first: deployment ids sort by time. */
  async instances(service: string): Promise<string[]> {
    const names = await readdir(join(this.root, service)).catch(() => [])
    return names.sort()
  }

  /** Every record; one that cannot be read is as good as none, and what it was of is found by its mark. */
  async all(): Promise<InstanceRecord[]> {
    const records: InstanceRecord[] = []
    const entries = await readdir(this.root, { withFileTypes: true })
    for (const service of entries.filter((entry) => entry.isDirectory())) {
      for (const instance of await this.instances(service.name)) {
        const record = await this.#read(service.name, instance)
        if (record) records.push(record)
      }
    }
    return records
  }

  /** Removes the oldest homes of instances that are gone. */
  async clean(service: string): Promise<void> {
    const gone: string[] = []
    for (const instance of await this.instances(service))
      if (!(await this.#read(service, instance))) gone.push(instance)
    for (const instance of gone.slice(0, -keptHomes)) {
      await rm(this.home(service, instance), { recursive: true, force: true })
    }
  }

  async #read(service: string, instance: string): Promise<InstanceRecord | undefined> {
    try {
      const text = await readFile(join(this.home(service, instance), 'record.json'), 'utf8')
      const record = JSON.parse(text) as Partial<InstanceRecord>
      return record.version === 1 && record.plan?.deployment === instance
        ? (record as InstanceRecord)
        : undefined
    } catch {
      return undefined
    }
  }
}

/** All of the new content or all of the old. Flushed where it must outlive a power cut, which no process does. */
async function replace(file: string, content: string, flush: boolean): Promise<void> {
  const draft = `${file}.new`
  const handle = await open(draft, 'w', 0o600)
  try {
    await handle.writeFile(content)
    if (flush) await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}
