import { join } from 'node:path'
import type { Event } from '@longshore/core/protocol'
import { madeEvents } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packBlocks } from '../src/blocks.js'
import { decodeEvent, encodeEvent } from '../src/record.js'
import { Segment } from '../src/segment.js'
import { writeSegment } from '../src/segment-writer.js'
import { makePlace, type Place } from './place.js'

const pageSize = 4096
const first = 1_001

/** Events of so many services in turn; now and then one that is larger than any block. */
function mixed(count: number, services: number): Event[] {
  return madeEvents(count, first).map((event, offset) => ({
    ...event,
    service: `service-${(offset * 7) % services}`,
    data: offset % 97 === 0 ? { text: `${offset}`.repeat(20_000) } : event.data,
  }))
}

let place: Place
beforeEach(async () => {
  place = await makePlace()
  // The store makes the folder of its segments.
  await (await place.open()).close()
})
afterEach(() => place.remove())

async function sealed(events: Event[]): Promise<Segment> {
  const folder = join(place.folder, 'segments')
  const raw = events.map((event) => Buffer.from(encodeEvent(event)))
  const entry = await writeSegment(folder, first, first + events.length - 1, {
    async *pieces() {
      for (let from = 0; from < raw.length; from += 300) yield raw.slice(from, from + 300)
    },
    one: (seq) => raw[seq - first]!,
  })
  const segment = new Segment(folder, entry)
  await segment.open()
  return segment
}

describe('a segment of blocks', () => {
  it.each([1, 3, 400])(
    'reads events in whatever order they are asked for, of %i services',
    async (services) => {
      const events = mixed(1_500, services)
      const segment = await sealed(events)
      const all = events.map((_, offset) => offset)
      const orders = [
        all,
        all.toReversed(),
        all.filter((offset) => offset % 13 === 5),
        [7],
        [1_499, 0, 700, 0],
        [],
      ]
      for (const offsets of orders) {
        expect(segment.read(offsets)).toEqual(offsets.map((offset) => events[offset]))
      }
      const offsets = Array.from(segment.offsets('service=service-0')!)
      expect(segment.read(offsets)).toEqual(events.filter(({ service }) => service === 'service-0'))
      await segment.close()
    },
  )

  it('holds as many events as an offset can name', async () => {
    const events = madeEvents(65_536, first)
    const segment = await sealed(events)
    expect(segment.read([65_535, 0, 32_768])).toEqual([events[65_535], events[0], events[32_768]])
    await segment.close()
  })
})

describe('packing', () => {
  const raw = mixed(2_000, 5).map((event) => Buffer.from(encodeEvent(event)))
  const order = raw.map((_, offset) => raw.length - 1 - offset)
  const blocks = [...packBlocks(order, (offset) => raw[offset]!)]

  it('keeps every event once, in the order given', () => {
    const found = blocks.flatMap(({ rank, bytes }, at) => {
      const count = (blocks[at + 1]?.rank ?? raw.length) - rank
      const ends = Array.from({ length: count }, (_, slot) => bytes.readUInt32LE(slot * 4))
      return ends.map((end, slot) => decodeEvent(1, bytes, ends[slot - 1] ?? count * 4, end).id)
    })
    expect(found).toEqual(order.map((offset) => decodeEvent(1, raw[offset]!).id))
  })

  it('leaves little of a page unused', () => {
    const usual = blocks.filter(({ bytes }) => bytes.length <= 4 * pageSize)
    for (const { bytes } of usual) expect(bytes.length).toBeLessThanOrEqual(4 * pageSize - 24)
    const larger = blocks.filter(({ bytes }) => bytes.length > 4 * pageSize)
    expect(larger).toHaveLength(raw.filter(({ length }) => length > 4 * pageSize - 28).length)
  })
})
