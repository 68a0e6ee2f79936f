import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { JsonLines } from '../src/telemetry/json-lines.js'
import type { Line } from '../src/telemetry/records.js'

const record = (log: string, time = '2026-01-02T03:04:05.123456789Z', stream = 'stdout') =>
  `${JSON.stringify({ log, stream, time })}\n`
const text = ({ bytes }: Line) => Buffer.from(bytes).toString()
const at = Date.UTC(2026, 0, 2, 3, 4, 5)

function lines(...parts: string[]): { lines: Line[]; unread: number } {
  const reader = new JsonLines('one')
  const found = parts.flatMap((part) => reader.push(Buffer.from(part)))
  return { lines: [...found, ...reader.end()], unread: reader.unread }
}

describe('a file of the driver json-file', () => {
  it('gives each record its text, stream and time', () => {
    const [first, second] = lines(record('a\n'), record('b\n', '2026-01-02T03:04:06Z', 'stderr')).lines
    assert.deepEqual(
      { ...first, bytes: text(first!) },
      {
        time: at + 123,
        nanos: 123_456_789,
        instance: 'one',
        stream: 'stdout',
        bytes: 'a',
        partial: false,
        part: 0,
      },
    )
    assert.deepEqual([second!.time, second!.nanos, second!.stream], [at + 1_000, 0, 'stderr'])
  })

  it('reads times without the zeroes at their end', () => {
    const [line] = lines(record('a\n', '2026-01-02T03:04:05.05Z')).lines
    assert.deepEqual([line!.time, line!.nanos], [at + 50, 50_000_000])
  })

  it('reads what is escaped, also a backslash before a quote and before the end', () => {
    const all = [
      '',
      '"',
      '\\',
      '\\n',
      'say \\"',
      '\u001b[1m',
      'ä\u2028€',
      '{"log":"x\\n","stream":"stdout"}',
      '\t\r',
    ]
    const found = lines(all.map((each) => record(`${each}\n`)).join('')).lines
    assert.deepEqual(found.map(text), all)
    assert.ok(found.every(({ partial }) => !partial))
  })

  it('is the same however it is cut', () => {
    const whole = record('first "\n') + record('x'.repeat(16_384)) + record('rest\n') + record('last\n')
    const expected = lines(whole).lines.map((line) => [text(line), line.partial, line.part])
    for (let cut = 1; cut < whole.length; cut += 97) {
      const found = lines(whole.slice(0, cut), whole.slice(cut)).lines
      assert.deepEqual(
        found.map((line) => [text(line), line.partial, line.part]),
        expected,
      )
    }
    assert.deepEqual(
      expected.map(([, partial, part]) => [partial, part]),
      [
        [false, 0],
        [true, 0],
        [false, 1],
        [false, 0],
      ],
    )
  })

  it('takes records with labels', () => {
    const time = '2026-01-02T03:04:05.1Z'
    const labelled = `${JSON.stringify({ log: 'a\n', stream: 'stderr', attrs: { tag: 'x' }, time })}\n`
    assert.deepEqual(lines(labelled).lines.map(text), ['a'])
  })

  it.each([
    ['the rest of a record', 'g":"a\\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}\n'],
    ['no JSON', '{"log":"a\n'],
    ['no object', 'null\n'],
    ['no text', '{"log":1,"stream":"stdout","time":"2026-01-02T03:04:05Z"}\n'],
    ['another stream', record('a\n', undefined, 'stdin')],
    ['no time', '{"log":"a\\n","stream":"stdout","time":"yesterday"}\n'],
    ['a time with an offset', record('a\n', '2026-01-02T03:04:05.1+01:00')],
    ['more than a record can have', `${'x'.repeat(3_000_000)}\n`],
  ])('counts %s as not read, and reads on', (_, broken) => {
    const found = lines(
      record('before\n'),
      broken.slice(0, 2_000_000),
      broken.slice(2_000_000),
      record('after\n'),
    )
    assert.deepEqual(found.lines.map(text), ['before', 'after'])
    assert.equal(found.unread, 1)
  })
})
