import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sample } from '@longshore/core/protocol'
import { merge, pointOf, Ring, type Point } from './ring.js'

/** Milliseconds between two samples, and for how long they are kept. */
export const fineStep = 10_000
export const fineAge = 48 * 3_600_000
export const coarseStep = 60_000
export const coarseAge = 14 * 86_400_000
/** Instances of a service whose series are kept. */
const keptInstances = 100

type Stepped = { step: number; point: Point }

/** What came of one instance and is not written yet: at most a minute of it. */
interface Pending {
  points: Stepped[]
  last?: { step: number; time: number }
}

/** What instances used, a point every 10 s for two days and one a minute for two weeks, in files that never grow. */
export class Series {
  readonly #root: string
  readonly #pending = new Map<string, Map<string, Pending>>()
  #queue: Promise<void> = Promise.resolve()

  constructor(folder: string) {
    this.#root = join(folder, 'series')
  }

  async add(service: string, samples: readonly Sample[]): Promise<void> {
    for (const sample of samples) {
      const instances = this.#pending.get(service) ?? new Map<string, Pending>()
      this.#pending.set(service, instances)
      const pending = instances.get(sample.instance) ?? { points: [] }
      instances.set(sample.instance, pending)
      const point = pointOf(sample)
      const step = stepFor(point.time, pending.last)
      pending.last = { step, time: point.time }
      const before = pending.points[0]
      if (before && minuteOf(before) !== minuteOf({ step }))
        await this.#write(service, sample.instance, pending)
      pending.points.push({ step, point })
    }
  }

  /** What a service's instances used between two times, in steps: those for which nothing is known are not there. */
  async read(
    service: string,
    { from, to, step }: { from: number; to: number; step: number },
    now: number,
  ): Promise<{ instance: string; points: { time: number; point: Point }[] }[]> {
    const coarse = from < now - fineAge || step >= 5 * coarseStep
    const instances = new Set([
      ...(await this.#instances(service)),
      ...(this.#pending.get(service)?.keys() ?? []),
    ])
    const all = await Promise.all(
      [...instances].sort().map(async (instance) => {
        const ring = coarse ? this.#coarse(service, instance) : this.#fine(service, instance)
        const found = await ring.read(from, to)
        // Copied in the same turn as they are read: what is pending is not in a file yet.
        const pending = (this.#pending.get(service)?.get(instance)?.points ?? []).filter(
          ({ point }) => point.time >= from && point.time <= to,
        )
        const known = found.map(({ step: at, point }) => ({ time: at * ring.step, point }))
        const fresh = pending.map(({ step: at, point }) => ({ time: at * fineStep, point }))
        return { instance, points: gather([...known, ...fresh], step) }
      }),
    )
    return all.filter(({ points }) => points.length > 0)
  }

  /** Removes the files of instances that are gone for so long that nothing in them counts any more. */
  async sweep(now: number): Promise<void> {
    await this.flush()
    for (const service of await readdir(this.#root).catch(() => [])) {
      const files = await this.#files(service)
      const kept = new Set(files.map(({ instance }) => instance).slice(0, keptInstances))
      for (const { path, instance, changed, age } of files)
        if (!kept.has(instance) || changed < now - age) await rm(path, { force: true })
    }
  }

  /** Writes what is pending, and forgets it. */
  async flush(): Promise<void> {
    for (const [service, instances] of this.#pending) {
      for (const [instance, pending] of instances) await this.#write(service, instance, pending)
    }
    this.#pending.clear()
  }

  #write(service: string, instance: string, pending: Pending): Promise<void> {
    return (this.#queue = this.#queue
      .catch(() => undefined)
      .then(async () => {
        const points = pending.points.slice()
        if (points.length === 0) return
        const fine = this.#fine(service, instance)
        await fine.write(points)
        pending.points.splice(0, points.length)
        // Of all that is known of the minute, also from before a restart.
        const minute = minuteOf(points[0]!)
        const from = minute * coarseStep
        const known = await fine.read(from - fineStep, from + coarseStep + fineStep)
        const whole = merge(known.filter((each) => minuteOf(each) === minute).map(({ point }) => point))
        if (whole) await this.#coarse(service, instance).write([{ step: minute, point: whole }])
      }))
  }

  #fine(service: string, instance: string): Ring {
    return new Ring(join(this.#root, service, `${fileName(instance)}.10s`), fineStep, fineAge / fineStep)
  }

  #coarse(service: string, instance: string): Ring {
    return new Ring(join(this.#root, service, `${fileName(instance)}.1m`), coarseStep, coarseAge / coarseStep)
  }

  async #instances(service: string): Promise<string[]> {
    return [...new Set((await this.#files(service)).map(({ instance }) => instance))]
  }

  /** The files of a service, those that changed last first. */
  async #files(service: string) {
    const folder = join(this.#root, service)
    const files: { path: string; instance: string; changed: number; age: number }[] = []
    for (const name of await readdir(folder).catch(() => [])) {
      const match = /^(.+)\.(10s|1m)$/.exec(name)
      if (!match) continue
      const path = join(folder, name)
      const changed = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      )
      const age = match[2] === '1m' ? coarseAge : fineAge
      files.push({ path, instance: decodeURIComponent(match[1]!), changed, age })
    }
    return files.sort((a, b) => b.changed - a.changed)
  }
}

/** The step of a sample: each its own, though timers are a little early or late. */
function stepFor(time: number, last: Pending['last']): number {
  const step = Math.floor(time / fineStep)
  if (!last || Math.abs(last.step + 1 - step) > 1) return step
  const passed = time - last.time
  return passed > fineStep / 2 && passed < 1.5 * fineStep ? last.step + 1 : step
}

function minuteOf({ step }: { step: number }): number {
  return Math.floor((step * fineStep) / coarseStep)
}

/** An instance as a file's name; ids of engines and deployments stay as they are. */
function fileName(instance: string): string {
  return encodeURIComponent(instance).replaceAll('.', '%2E').slice(0, 200)
}

function gather(points: { time: number; point: Point }[], step: number) {
  const steps = new Map<number, Point[]>()
  for (const { time, point } of points) {
    const begin = Math.floor(time / step) * step
    steps.set(begin, [...(steps.get(begin) ?? []), point])
  }
  return [...steps].sort(([a], [b]) => a - b).map(([time, each]) => ({ time, point: merge(each)! }))
}
