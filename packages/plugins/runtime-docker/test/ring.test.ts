import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { Line } from '../src/telemetry/records.js'
import { Ring } from '../src/telemetry/ring.js'

let nanos = 0
function line(stream: 'stdout' | 'stderr', size: number, partial = false, part = 0): Line {
  return { time: 1, instance: 'i1', stream, bytes: Buffer.alloc(size), partial, nanos: nanos++, part }
}

describe('a ring', () => {
  it('counts for a viewer what it missed, of the stream that it wants', () => {
    const ring = new Ring()
    const [all, errors] = [ring.first(), ring.first()]
    for (let index = 0; index < 100_000; index++) ring.push([line('stdout', 10), line('stderr', 100)])
    const seen = { all: 0, errors: 0 }
    for (let frame; (frame = ring.read(all));) seen.all += frame.skipped + frame.lines.length
    for (let frame; (frame = ring.read(errors, 'stderr'));)
      seen.errors += frame.skipped + frame.lines.filter(({ stream }) => stream === 'stderr').length
    assert.deepEqual(seen, { all: 200_000, errors: 100_000 })
  })

  it('counts a line of which only the end is left as missed, and tells nothing of it', () => {
    const ring = new Ring()
    const place = ring.first()
    for (let part = 0; part < 1_000; part++) ring.push([line('stdout', 16_384, true, part)])
    ring.push([line('stdout', 1, false, 1_000), line('stdout', 2)])
    const told: number[] = []
    let skipped = 0
    for (let frame; (frame = ring.read(place)); skipped += frame.skipped)
      told.push(...frame.lines.map(({ bytes }) => bytes.length))
    assert.deepEqual([told, skipped], [[2], 1])
  })

  it('holds 4 MiB, of one line of 200 MB as of lines of five bytes', () => {
    for (const size of [16_384, 5]) {
      const ring = new Ring()
      for (let part = 0; part < 12_800; part++)
        ring.push(
          size === 5
            ? Array.from({ length: 50 }, () => line('stdout', 5))
            : [line('stdout', size, true, part)],
        )
      let held = 0
      const place = ring.first()
      for (let frame; (frame = ring.read(place));)
        for (const { bytes } of frame.lines) held += bytes.length + 250
      assert.ok(held <= 4 * 2 ** 20)
    }
  })

  it('finds a line that was read elsewhere', () => {
    const ring = new Ring()
    const wanted = line('stdout', 3)
    ring.push([line('stdout', 3), wanted, line('stderr', 4)])
    const place = ring.after({ ...wanted })!
    assert.deepEqual(
      ring.read(place)!.lines.map(({ bytes }) => bytes.length),
      [4],
    )
    assert.equal(ring.after(line('stdout', 3)), undefined)
  })
})
