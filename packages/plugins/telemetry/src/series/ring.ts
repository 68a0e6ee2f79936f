import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Sample } from '@longshore/core/protocol'

/** Figures of a sample besides its time, in the order in which they are kept. */
export const figures = [
  'cpu',
  'memory',
  'memoryLimit',
  'networkIn',
  'networkOut',
  'blockRead',
  'blockWritten',
  'pids',
] as const
export type Figure = (typeof figures)[number]

/** Those that a chart shows with their range. */
export const ranged = ['cpu', 'memory'] as const

/** What an instance used within a step. Figures that nobody told are NaN. */
export interface Point {
  /** Milliseconds since the epoch, of the last sample in it. */
  time: number
  /** Samples in it. */
  count: number
  /** The mean of `ranged`, the last value of the others. */
  values: Float64Array
  least: Float64Array
  most: Float64Array
}

const numbers = 2 + figures.length + 2 * ranged.length
export const pointBytes = numbers * 8

export function pointOf(sample: Sample): Point {
  const values = Float64Array.from(figures, (figure) => sample[figure] ?? NaN)
  const range = values.slice(0, ranged.length)
  return { time: Date.parse(sample.time), count: 1, values, least: range, most: range.slice() }
}

/** One point of several that follow each other; what one of them does not tell, the others do. */
export function merge(points: readonly Point[]): Point | undefined {
  const last = points.at(-1)
  if (!last) return undefined
  const merged: Point = {
    time: last.time,
    count: points.reduce((sum, { count }) => sum + count, 0),
    values: new Float64Array(figures.length).fill(NaN),
    least: new Float64Array(ranged.length).fill(NaN),
    most: new Float64Array(ranged.length).fill(NaN),
  }
  figures.forEach((_, index) => {
    const told = points.filter(({ values }) => !Number.isNaN(values[index]))
    if (told.length === 0) return
    merged.values[index] = told.at(-1)!.values[index]!
    if (index >= ranged.length) return
    const count = told.reduce((sum, point) => sum + point.count, 0)
    merged.values[index] = told.reduce((sum, { values, count }) => sum + values[index]! * count, 0) / count
    merged.least[index] = Math.min(...told.map(({ least }) => least[index]!))
    merged.most[index] = Math.max(...told.map(({ most }) => most[index]!))
  })
  return merged
}

/** A file of points, one for each step: a new one takes the place of that which is `slots` steps older. */
export class Ring {
  readonly path: string
  /** Milliseconds. */
  readonly step: number
  readonly slots: number

  constructor(path: string, step: number, slots: number) {
    this.path = path
    this.step = step
    this.slots = slots
  }

  /** The number of the step that a time is in. */
  stepOf(time: number): number {
    return Math.floor(time / this.step)
  }

  async write(points: readonly { step: number; point: Point }[]): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
    const file = await open(this.path, 'r+').catch(() => open(this.path, 'w+', 0o600))
    try {
      for (const { step, point } of points) {
        const bytes = new Float64Array(numbers)
        bytes.set([point.time, point.count, ...point.values, ...point.least, ...point.most])
        await file.write(new Uint8Array(bytes.buffer), 0, pointBytes, (step % this.slots) * pointBytes)
      }
    } finally {
      await file.close()
    }
  }

  /** The points between two times, oldest first, each with the number of its step. Steps without one are not there. */
  async read(from: number, to: number): Promise<{ step: number; point: Point }[]> {
    const file = await open(this.path, 'r').catch(() => undefined)
    if (!file) return []
    try {
      const first = this.stepOf(from) - 1
      const count = Math.min(this.slots, this.stepOf(to) + 2 - first)
      const begin = first % this.slots
      const straight = Math.min(count, this.slots - begin)
      const bytes = Buffer.alloc(count * pointBytes)
      await file.read(bytes, 0, straight * pointBytes, begin * pointBytes)
      if (count > straight) await file.read(bytes, straight * pointBytes, (count - straight) * pointBytes, 0)
      const found: { step: number; point: Point }[] = []
      for (let index = 0; index < count; index++) {
        const point = decode(bytes, index * pointBytes)
        if (point.count === 0 || point.time < from || point.time > to) continue
        found.push({ step: this.#stepAt((begin + index) % this.slots, point.time), point })
      }
      return found.sort((a, b) => a.step - b.step)
    } finally {
      await file.close()
    }
  }

  /** A point may stand in the step beside that of its time. */
  #stepAt(slot: number, time: number): number {
    const near = this.stepOf(time)
    return [near, near - 1, near + 1].find((step) => step % this.slots === slot) ?? near
  }
}

function decode(bytes: Buffer, at: number): Point {
  const number = (index: number) => bytes.readDoubleLE(at + index * 8)
  const several = (from: number, count: number) =>
    Float64Array.from({ length: count }, (_, index) => number(from + index))
  return {
    time: number(0),
    count: number(1),
    values: several(2, figures.length),
    least: several(2 + figures.length, ranged.length),
    most: several(2 + figures.length + ranged.length, ranged.length),
  }
}
