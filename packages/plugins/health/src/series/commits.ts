import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { bins, binOf } from './latency.js'
import { replaceFile } from './replace-file.js'

/** Commits of a check that are remembered, and looks of each that found it ill. */
const commitsMost = 20
const illMost = 3
/** Characters of such a look's reason. */
const reasonMost = 200

const CommitRecord = z.object({
  sha: z.string(),
  /** Milliseconds since the epoch: its first and its last look. */
  since: z.number(),
  until: z.number(),
  /** Milliseconds that it was looked at, also where it came back later. */
  ran: z.number(),
  healthy: z.number(),
  ill: z.number(),
  /** Latencies by bin. */
  bins: z.record(z.string(), z.number()),
  /** The last looks that found it ill, the last one first. */
  ills: z.array(z.object({ at: z.number(), reason: z.string() })),
})
export type CommitRecord = z.infer<typeof CommitRecord>

/** What is known of the commit that a check is looked at for now. */
export class LiveCommit {
  readonly sha: string
  readonly counts = new Uint32Array(bins)
  readonly since: number
  until: number
  healthy = 0
  ill = 0
  ills: CommitRecord['ills'] = []

  constructor(sha: string, at: number) {
    this.sha = sha
    this.since = this.until = at
  }

  static from(record: CommitRecord): LiveCommit {
    const live = new LiveCommit(record.sha, record.since)
    live.until = record.until
    live.healthy = record.healthy
    live.ill = record.ill
    live.ills = record.ills
    for (const [bin, count] of Object.entries(record.bins)) live.counts[Number(bin)] = count
    return live
  }

  /** One look, which took so many milliseconds. `ill`: why it was ill. */
  take({ at, took, ill }: { at: number; took: number; ill?: string }): void {
    // A clock that was set back makes nothing shorter.
    this.until = Math.max(this.until, at)
    this.counts[binOf(took)]!++
    if (ill === undefined) this.healthy++
    else {
      this.ill++
      this.ills = [{ at, reason: ill.slice(0, reasonMost) }, ...this.ills].slice(0, illMost)
    }
  }

  record(): CommitRecord {
    const { sha, since, until, healthy, ill, ills } = this
    const told = [...this.counts.entries()].filter(([, count]) => count > 0)
    return { sha, since, until, ran: until - since, healthy, ill, bins: Object.fromEntries(told), ills }
  }
}

/** Two times in which the same commit ran, as one. */
function joined(newer: CommitRecord, older: CommitRecord): CommitRecord {
  const counts = { ...older.bins }
  for (const [bin, count] of Object.entries(newer.bins)) counts[bin] = (counts[bin] ?? 0) + count
  return {
    sha: newer.sha,
    since: Math.min(newer.since, older.since),
    until: Math.max(newer.until, older.until),
    ran: newer.ran + older.ran,
    healthy: newer.healthy + older.healthy,
    ill: newer.ill + older.ill,
    bins: counts,
    ills: [...newer.ills, ...older.ills].slice(0, illMost),
  }
}

/** The newest first, each commit once. */
export function withRecord(record: CommitRecord, past: readonly CommitRecord[]): CommitRecord[] {
  const before = past.find(({ sha }) => sha === record.sha)
  const others = past.filter(({ sha }) => sha !== record.sha)
  return [before ? joined(record, before) : record, ...others].slice(0, commitsMost)
}

const Past = z.record(z.string(), z.array(CommitRecord))

/** What is known of commits that a service ran before, in a file for each service: they are hardly ever asked for. */
export class PastCommits {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async read(service: string): Promise<Record<string, CommitRecord[]>> {
    const text = await readFile(this.#path(service), 'utf8').catch(() => '{}')
    try {
      return Past.safeParse(JSON.parse(text)).data ?? {}
    } catch {
      return {}
    }
  }

  /** These are over, the newest first. Of checks that are not among `names` nothing is kept. */
  async add(
    service: string,
    over: ReadonlyMap<string, readonly CommitRecord[]>,
    names: readonly string[],
  ): Promise<void> {
    const before = await this.read(service)
    const entries = names.map((name): [string, CommitRecord[]] => {
      const records = [...(over.get(name) ?? [])].reverse()
      return [name, records.reduce((past, record) => withRecord(record, past), before[name] ?? [])]
    })
    await replaceFile(this.#path(service), JSON.stringify(Object.fromEntries(entries)))
  }

  /** Only these services are kept. */
  async keep(services: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => []))
      if (!services.has(name.replace(/\.json(\.new)?$/, '')))
        await rm(join(this.#folder, name), { force: true })
  }

  #path(service: string): string {
    return join(this.#folder, `${service}.json`)
  }
}

export const LiveFile = z.array(z.tuple([z.string(), CommitRecord]))
