import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@longshore/core'
import { LiveCommit, LiveFile, PastCommits, withRecord, type CommitRecord } from './commits.js'
import { pack, quantile } from './latency.js'
import { replaceFile } from './replace-file.js'
import { Ring } from './ring.js'
import { Slots } from './slots.js'
import { Writes } from './writes.js'

export const fineStep = 300_000
export const fineAge = 86_400_000
export const coarseStep = 3_600_000
export const coarseAge = 30 * fineAge
/** What a step of the fine series holds, and what one of the coarse. */
export const fineFields = ['healthy', 'ill', 'unknown', 'missed', 'median', 'p95'] as const
export const coarseFields = ['healthy', 'ill', 'unknown'] as const
/** Latencies of one step that are kept until it is over. */
const samplesMost = 320

/** Of a check, what the series need to know. */
export interface Charted {
  key: string
  service: string
  name: string
  /** Milliseconds. */
  every: number
}

/** One look that counts, or some that were missed. */
export interface Charting {
  /** Milliseconds since the epoch. */
  at: number
  sha: string
  state: 'healthy' | 'unhealthy' | 'unknown'
  took: number
  reason?: string
}

/** What is in memory of one check beside its numbers. */
interface Kept {
  slot: number
  check: Charted
  /** Latencies of the step that is open. */
  samples: Float32Array
  count: number
  live?: LiveCommit
}

/**
 * What checks said: five minutes each for a day, an hour each for 30 days, and by commit. All of it is in memory, in places
 * of fixed size; what is over is written, once, so that a crash loses minutes.
 */
export class Series {
  readonly #folder: string
  readonly #fine: Ring
  readonly #coarse: Ring
  readonly #slots: Slots
  readonly #past: PastCommits
  readonly #kept = new Map<string, Kept>()
  /** What was written of the commits that were looked at last. */
  #found = new Map<string, CommitRecord>()
  /** The steps that are open. */
  #open = { fine: -1, coarse: -1 }
  readonly #writes: Writes
  /** Of services, by check: commits that are over and not written yet, the newest first. */
  readonly #over = new Map<string, Map<string, CommitRecord[]>>()
  #ready = false
  /** There is something that is not written yet. */
  #news = false

  constructor(folder: string, log: Logger) {
    this.#folder = folder
    this.#writes = new Writes(log)
    const at = (name: string) => join(folder, name)
    this.#fine = new Ring(at('minutes'), {
      step: fineStep,
      rows: fineAge / fineStep + 1,
      fields: fineFields.length,
    })
    this.#coarse = new Ring(at('hours'), {
      step: coarseStep,
      rows: coarseAge / coarseStep + 1,
      fields: coarseFields.length,
    })
    this.#slots = new Slots(at('slots.json'))
    this.#past = new PastCommits(at('commits'))
  }

  /** Reads what was written; before that nothing is charted. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await this.#slots.open()
    const since = (slot: number) => this.#slots.since(slot)
    await this.#fine.open(this.#slots.length, since)
    await this.#coarse.open(this.#slots.length, (slot) => Math.floor((since(slot) * fineStep) / coarseStep))
    this.#mend()
    const text = await readFile(join(this.#folder, 'live.json'), 'utf8').catch(() => '[]')
    this.#found = new Map(liveOf(text))
    this.#ready = true
  }

  /** These checks are charted from now on, and no others: what is known of those is forgotten. */
  keep(checks: readonly Charted[], now: number): void {
    if (!this.#ready) return
    const fresh = this.#slots.keep(checks, this.#fine.stepOf(now))
    for (const ring of [this.#fine, this.#coarse]) {
      ring.cells.reserve(this.#slots.length)
      for (const slot of fresh) ring.cells.clearSlot(slot)
    }
    const before = new Map(this.#kept)
    this.#kept.clear()
    for (const check of checks) {
      const known = before.get(check.key)
      const samples = Math.min(samplesMost, Math.ceil(fineStep / check.every) + 8)
      const same = known?.samples.length === samples
      const room = same ? known : { samples: new Float32Array(samples), count: 0, live: known?.live }
      const found = this.#found.get(check.key)
      const live = room.live ?? (found && LiveCommit.from(found))
      this.#kept.set(check.key, { ...room, live, check, slot: this.#slots.of(check.key)! })
    }
    this.#found.clear()
    const changed = fresh.length > 0 || before.size !== this.#kept.size
    if (changed) this.#writes.add('slots', () => this.#slots.save())
    const services = new Set(checks.map(({ service }) => service))
    this.#writes.add('past', () => this.#past.keep(services))
  }

  take(key: string, { at, sha, state, took, reason }: Charting): void {
    const kept = this.#kept.get(key)
    if (!kept) return
    this.turn(at)
    this.#news = true
    const { fine, coarse } = this.#open
    const field = state === 'healthy' ? 0 : state === 'unhealthy' ? 1 : 2
    this.#fine.cells.count(kept.slot, this.#fine.row(fine), field, 1)
    this.#coarse.cells.count(kept.slot, this.#coarse.row(coarse), field, 1)
    if (state === 'unknown') return
    if (kept.count < kept.samples.length) kept.samples[kept.count++] = took
    if (kept.live?.sha !== sha) this.#begin(kept, sha, at)
    kept.live!.take({ at, took, ill: state === 'unhealthy' ? (reason ?? '') : undefined })
  }

  missed(key: string, count: number, at: number): void {
    const kept = this.#kept.get(key)
    if (!kept) return
    this.turn(at)
    this.#news = true
    this.#fine.cells.count(kept.slot, this.#fine.row(this.#open.fine), 3, count)
  }

  /** Time has come so far: steps that are over are written. The clock may have been set back; then earlier ones go on. */
  turn(now: number): void {
    if (!this.#ready) return
    const [fine, coarse] = [this.#fine.stepOf(now), this.#coarse.stepOf(now)]
    const before = this.#open
    if (fine === before.fine) return
    if (before.fine >= 0) this.#close(before.fine)
    if (before.coarse >= 0 && coarse !== before.coarse) this.#save(this.#coarse, before.coarse)
    this.#open = { fine, coarse }
  }

  /** Everything that is not written yet is. */
  async close(): Promise<void> {
    if (!this.#ready) return
    if (this.#open.fine >= 0) this.#close(this.#open.fine)
    this.#ready = false
    await this.#writes.done()
  }

  /** The steps of a check between two times, oldest first; those of which nothing is known are not there. */
  steps(key: string, which: 'fine' | 'coarse', from: number, to: number): { at: number; values: number[] }[] {
    const kept = this.#kept.get(key)
    if (!kept) return []
    const ring = which === 'fine' ? this.#fine : this.#coarse
    const { cells, step } = ring
    if (which === 'fine') this.#settle(kept)
    const found: { at: number; values: number[] }[] = []
    const first = Math.max(ring.stepOf(from), ring.stepOf(to) - cells.rows + 1)
    for (let index = first; index <= ring.stepOf(to); index++) {
      const row = ring.known(index)
      if (row === undefined) continue
      const values = Array.from({ length: cells.fields }, (_, field) => cells.get(kept.slot, row, field))
      if (values.slice(0, 4).some((value) => value > 0)) found.push({ at: index * step, values })
    }
    return found
  }

  /** What is known of the commits that a service's checks were looked at for, by check, the newest first. */
  async commits(service: string): Promise<Map<string, CommitRecord[]>> {
    await this.#writes.done()
    const past = await this.#past.read(service)
    const own = [...this.#kept.values()].filter(({ check }) => check.service === service)
    return new Map(
      own.map(({ check: { name }, live }) => {
        const before = past[name] ?? []
        return [name, live ? withRecord(live.record(), before) : before]
      }),
    )
  }

  #begin(kept: Kept, sha: string, at: number): void {
    const { live, check } = kept
    kept.live = new LiveCommit(sha, at)
    if (!live) return
    const { service, name } = check
    const over = this.#over.get(service) ?? new Map<string, CommitRecord[]>()
    this.#over.set(service, over.set(name, withRecord(live.record(), over.get(name) ?? [])))
    this.#writes.add(`commits of ${service}`, async () => {
      this.#over.delete(service)
      const own = [...this.#kept.values()].filter((each) => each.check.service === service)
      const names = own.map((each) => each.check.name)
      if (names.length > 0) await this.#past.add(service, over, names)
    })
  }

  #close(step: number): void {
    if (!this.#news) return
    this.#news = false
    for (const kept of this.#kept.values()) {
      this.#settle(kept, step)
      kept.count = 0
    }
    this.#save(this.#fine, step)
    this.#writes.add('live', () => {
      const live = [...this.#kept].flatMap(([key, each]) => (each.live ? [[key, each.live.record()]] : []))
      return replaceFile(join(this.#folder, 'live.json'), JSON.stringify(live))
    })
  }

  #save(ring: Ring, step: number): void {
    this.#writes.add(`${ring.step} ${step % ring.cells.rows}`, () => ring.save(step))
  }

  /** Puts what is known of the latencies of an open step where the other numbers are. */
  #settle({ slot, samples, count }: Kept, step = this.#open.fine): void {
    const row = this.#fine.known(step)
    if (row === undefined || count === 0) return
    const own = samples.slice(0, count)
    this.#fine.cells.set(slot, row, 4, pack(quantile(own, 0.5)))
    this.#fine.cells.set(slot, row, 5, pack(quantile(own, 0.95)))
  }

  /** Hours that were not written, because they were not over, are made of their minutes. */
  #mend(): void {
    const hourOf = (step: number) => Math.floor((step * fineStep) / coarseStep)
    const lacking = this.#fine.steps().filter((step) => this.#coarse.known(hourOf(step)) === undefined)
    for (const step of lacking) {
      const [from, row] = [this.#fine.known(step)!, this.#coarse.row(hourOf(step))]
      for (let slot = 0; slot < this.#slots.length; slot++)
        for (let field = 0; field < coarseFields.length; field++)
          this.#coarse.cells.count(slot, row, field, this.#fine.cells.get(slot, from, field))
    }
  }
}

function liveOf(text: string): [string, CommitRecord][] {
  try {
    return LiveFile.safeParse(JSON.parse(text)).data ?? []
  } catch {
    return []
  }
}
