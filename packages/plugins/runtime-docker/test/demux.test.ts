import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Demux } from '../src/telemetry/demux.js'
import type { Line } from '../src/telemetry/records.js'

const stamp = (nanos: number, second = 5) =>
  `2026-01-02T03:04:${String(second).padStart(2, '0')}.${String(nanos).padStart(9, '0')}Z `

/** A frame as the engine sends it. */
function frame(stream: number, payload: Buffer | string, length = Buffer.byteLength(payload)): Buffer {
  const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(length, 4)
  return Buffer.concat([head, Buffer.from(payload as Buffer)])
}

function read(chunks: Buffer[], terminal = false): Line[] {
  const demux = new Demux('i1', terminal)
  return [...chunks.flatMap((chunk) => demux.push(chunk)), ...demux.end()]
}

function plain(lines: Line[]): string[] {
  return lines.map(
    ({ stream, bytes, partial, time, nanos, part }) =>
      `${stream} ${time}/${nanos}/${part}${partial ? '…' : ''} ${Buffer.from(bytes).toString('latin1')}`,
  )
}

/** The same bytes, cut anywhere. */
function* cuts(bytes: Buffer, rounds: number): Generator<Buffer[]> {
  yield Array.from(bytes, (byte) => Buffer.of(byte))
  for (let round = 0; round < rounds; round++) {
    const chunks: Buffer[] = []
    for (let at = 0, end; at < bytes.length; at = end) {
      end = at + 1 + Math.floor(Math.random() * (round % 2 ? 40 : 30_000))
      chunks.push(Buffer.from(bytes.subarray(at, end)))
    }
    yield chunks
  }
}

const long = Buffer.alloc(16_384, 'x')
const wild = Buffer.from([0xff, 0x00, 0x1b, 0x5d, 0x35, 0x32, 0x0d, 0x0a])

describe('a log with frames', () => {
  const stream = Buffer.concat([
    frame(1, `${stamp(1)}hello\n`),
    frame(2, Buffer.concat([Buffer.from(stamp(2)), wild])),
    frame(1, `${stamp(3)}\n`),
    // A line of 40,000 bytes, in the middle of which the other stream prints.
    frame(1, Buffer.concat([Buffer.from(stamp(4)), long])),
    frame(2, `${stamp(5)}between\n`),
    frame(1, Buffer.concat([Buffer.from(stamp(4)), long])),
    frame(1, `${stamp(4)}${'y'.repeat(7_232)}\n`),
    // What a container printed last, without a newline, before it was started again.
    frame(1, `${stamp(6)}no end`),
    frame(1, `${stamp(7, 6)}again\n`),
    frame(3, 'Error grabbing logs: unexpected EOF\n'),
  ])

  it('gives its lines, the long ones in parts', () => {
    const lines = read([stream])
    assert.deepEqual(
      lines.map(({ stream, bytes, partial, part }) => [stream, bytes.length, partial, part]),
      [
        ['stdout', 5, false, 0],
        ['stderr', 7, false, 0],
        ['stdout', 0, false, 0],
        ['stdout', 16_384, true, 0],
        ['stderr', 7, false, 0],
        ['stdout', 16_384, true, 1],
        ['stdout', 7_232, false, 2],
        ['stdout', 6, false, 0],
        ['stdout', 5, false, 0],
        ['note', 35, false, 0],
      ],
    )
    assert.equal(lines[0]!.time, Date.parse('2026-01-02T03:04:05.000Z'))
    assert.equal(lines[8]!.time, Date.parse('2026-01-02T03:04:06.000Z'))
    assert.deepEqual(Buffer.from(lines[1]!.bytes), wild.subarray(0, 7))
  })

  it('gives the same lines however it is cut', () => {
    const whole = plain(read([stream]))
    for (const chunks of cuts(stream, 60)) assert.deepEqual(plain(read(chunks)), whole)
  })

  it('ends a line of exactly one record when nothing more comes of it', () => {
    const part = frame(1, Buffer.concat([Buffer.from(stamp(1)), long]))
    const ends = (lines: Line[]) => lines.map(({ bytes, partial }) => [bytes.length, partial])
    assert.deepEqual(ends(read([part])), [
      [16_384, true],
      [0, false],
    ])
    assert.deepEqual(ends(read([part, frame(1, `${stamp(2)}next\n`)])), [
      [16_384, true],
      [0, false],
      [4, false],
    ])
  })

  it('cuts the records of a driver that takes longer ones', () => {
    const lines = read([frame(1, `${stamp(1)}${'z'.repeat(40_000)}\n`)])
    assert.deepEqual(
      lines.map(({ bytes, partial }) => [bytes.length, partial]),
      [
        [16_384, true],
        [16_384, true],
        [7_232, false],
      ],
    )
  })

  it('keeps up with a burst of short lines in one chunk', () => {
    const burst = Buffer.concat(
      Array.from({ length: 200_000 }, (_, index) => frame(1, `${stamp(index)}abcd\n`)),
    )
    assert.equal(read([burst]).length, 200_000)
  })
})

describe('what no engine sends', () => {
  const broken = (code: string, bytes: Buffer) => {
    for (const chunks of [[bytes], Array.from(bytes, (byte) => Buffer.of(byte))])
      assert.throws(() => read(chunks), { code })
  }
  it('is refused: a stream that there is not', () => {
    broken('ENGINE_FRAME', frame(4, `${stamp(1)}x\n`))
    broken('ENGINE_FRAME', frame(255, `${stamp(1)}x\n`))
  })
  it('is refused: something where nothing has to be', () => {
    for (const at of [1, 2, 3]) {
      const bytes = frame(1, `${stamp(1)}x\n`)
      bytes[at] = 1
      broken('ENGINE_FRAME', bytes)
    }
  })
  it('is refused before room is made for it: a length of 4 GiB', () => {
    const before = process.memoryUsage().arrayBuffers
    broken('ENGINE_FRAME', frame(1, `${stamp(1)}x\n`, 0xffff_ffff))
    broken('ENGINE_FRAME', frame(1, `${stamp(1)}x\n`, 2 ** 20 + 1))
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20)
  })
  it('is refused: an end in the middle of a frame', () => {
    broken('ENGINE_FRAME', frame(1, `${stamp(1)}whole\n`).subarray(0, -1))
    broken('ENGINE_FRAME', frame(1, '').subarray(0, 3))
  })
  it('is refused: a record without its time', () => {
    broken('ENGINE_FRAME', frame(1, 'x\n'))
    broken('ENGINE_FRAME', frame(1, 'so long that a time would have room here\n'))
    broken('ENGINE_FRAME', frame(1, ''))
  })
})

describe('a log of a terminal', () => {
  const stream = Buffer.concat([
    Buffer.from(`${stamp(1)}prompt$ \r\n`),
    Buffer.from(stamp(2)),
    long,
    Buffer.from(stamp(2)),
    long,
    Buffer.from(`${stamp(2)}rest\r\n${stamp(3)}\n`),
    Buffer.from(stamp(4)),
    wild,
  ])
  it('gives the same lines however it is cut, and no time within one', () => {
    const whole = plain(read([stream], true))
    assert.deepEqual(
      read([stream], true).map(({ bytes, partial }) => [bytes.length, partial]),
      [
        [9, false],
        [16_384, true],
        [16_384, true],
        [5, false],
        [0, false],
        [7, false],
      ],
    )
    for (const chunks of cuts(stream, 40)) assert.deepEqual(plain(read(chunks, true)), whole)
  })
  it('is not without times', () => {
    assert.throws(() => read([Buffer.from('so long that a time would have room here\n')], true), {
      code: 'ENGINE_FRAME',
    })
  })
})
