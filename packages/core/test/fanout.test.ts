import { describe, expect, it } from 'vitest'
import type { TextFrame } from '../src/protocol/index.js'
import { FanOut, systemClock, textFrames, type LogFrame, type LogLine } from '../src/index.js'

/** A source that the test feeds. */
class Source {
  readonly #frames: LogFrame[] = []
  #wake = () => {}
  #ended: { error?: Error } | undefined
  opened = 0
  closed = 0

  readonly open = async function* (this: Source, signal: AbortSignal): AsyncGenerator<LogFrame> {
    this.opened++
    const abort = () => this.#wake()
    signal.addEventListener('abort', abort)
    while (!signal.aborted) {
      const frame = this.#frames.shift()
      if (frame) yield frame
      else if (this.#ended?.error) throw this.#ended.error
      else if (this.#ended) break
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    this.closed++
  }.bind(this)

  feed(...frames: LogFrame[]): void {
    this.#frames.push(...frames)
    this.#wake()
  }

  end(error?: Error): void {
    this.#ended = { error }
    this.#wake()
  }
}

function line(text: string | Uint8Array, more: Partial<LogLine> = {}): LogLine {
  return {
    time: 1_000,
    instance: 'i1',
    stream: 'stdout',
    bytes: Buffer.from(text as string),
    partial: false,
    ...more,
  }
}

function frame(...lines: (LogLine | string)[]): LogFrame {
  return { lines: lines.map((each) => (typeof each === 'string' ? line(each) : each)), skipped: 0 }
}

async function* given(...frames: LogFrame[]): AsyncGenerator<LogFrame> {
  yield* frames
}

async function all(frames: AsyncIterable<TextFrame>): Promise<TextFrame[]> {
  const found: TextFrame[] = []
  for await (const each of frames) found.push(each)
  return found
}

const text = (frames: TextFrame[]) => frames.map((each) => each.text).join('')
const signal = () => AbortSignal.timeout(20_000)

describe('lines as text', () => {
  it('are pieces by origin and time, as long together as the text', async () => {
    const err = { stream: 'stderr', instance: 'i2' } as const
    const lines = [
      line('a'),
      line('ä', { time: 1_099 }),
      line('late', { time: 1_100 }),
      line('x', { ...err, time: 1_100 }),
    ]
    const [only, ...more] = await all(textFrames(given(frame(...lines))))
    expect(more).toEqual([])
    expect(only).toEqual({
      text: 'a\nä\nlate\nx\n',
      lines: 4,
      origins: [{ instance: 'i1', stream: 'stdout' }, err].map(({ instance, stream }) => ({
        instance,
        stream,
      })),
      pieces: [
        [4, 0, 1_000],
        [5, 0, 1_100],
        [2, 1, 1_100],
      ],
      skipped: 0,
    })
  })

  it('keep characters whole that a record broke off within, beside what others print', async () => {
    const bytes = Buffer.from('früh 🚢 spät')
    const records = [...bytes].map((byte, index) =>
      line(Uint8Array.of(byte), { partial: index < bytes.length - 1 }),
    )
    const between = records.flatMap((record) => [record, line('other', { instance: 'i2' })])
    const frames = await all(textFrames(given(frame(...between))))
    const own = frames.flatMap(({ text, pieces, origins }) => {
      let from = 0
      return pieces.map(([length, origin]) => {
        from += length
        return origins[origin]!.instance === 'i1' ? text.slice(from - length, from) : ''
      })
    })
    expect(own.join('')).toBe('früh 🚢 spät\n')
    expect(frames.reduce((sum, { lines }) => sum + lines, 0)).toBe(bytes.length + 1)
  })

  it('show what is no text, and the lines around it as they are', async () => {
    const frames = await all(
      textFrames(given(frame('before', line(Uint8Array.of(0xc3)), line(Uint8Array.of(0xff, 0x41)), 'after'))),
    )
    expect(text(frames)).toBe('before\n\ufffd\n\ufffdA\nafter\n')
  })

  it('are in frames that are not large, however many there are or how long one is', async () => {
    const long = Array.from({ length: 1_000 }, () => line('x'.repeat(16_384), { partial: true }))
    const short = Array.from({ length: 100_000 }, () => line('12345'))
    const frames = await all(textFrames(given({ lines: [...long, ...short], skipped: 0 })))
    expect(Math.max(...frames.map((each) => each.text.length))).toBeLessThanOrEqual(2 * 65_536)
    expect(text(frames).length).toBe(1_000 * 16_384 + 100_000 * 6)
  })

  it('come after the count of those that were lost before them', async () => {
    const frames = await all(
      textFrames(given(frame('a'), { lines: [line('b')], skipped: 3 }, { lines: [], skipped: 2 })),
    )
    expect(frames.map(({ text, skipped }) => [text, skipped])).toEqual([
      ['a\n', 0],
      ['b\n', 3],
      ['', 2],
    ])
  })
})

describe('one source for many viewers', () => {
  it('is read once, from when somebody looks until nobody does', async () => {
    const [source, fanOut] = [new Source(), new FanOut(systemClock)]
    const life = new AbortController()
    const viewers = Array.from({ length: 5 }, () => fanOut.watch('a', 100, source.open, life.signal))
    expect(source.opened).toBe(0)
    const first = viewers.map((viewer) => viewer.next())
    source.feed(frame('hello'))
    for (const next of first) expect((await next).value).toMatchObject({ text: 'hello\n', skipped: 0 })
    expect(source.opened).toBe(1)
    const rest = viewers.map((viewer) => viewer.next())
    life.abort()
    for (const next of rest) expect((await next).done).toBe(true)
    await expect.poll(() => source.closed).toBe(1)
  })

  it('gives whoever comes later the last lines exactly', async () => {
    const [source, fanOut] = [new Source(), new FanOut(systemClock)]
    const first = fanOut.watch('a', 5, source.open, signal())
    const next = first.next()
    source.feed(frame('1', '2', line('3', { instance: 'i2' }), '4', '5'))
    await next
    for (const tail of [0, 1, 2, 3, 4, 5]) {
      const later = fanOut.watch('a', tail, source.open, signal())
      const got = later.next()
      if (tail === 0) source.feed(frame('6'))
      const { value } = (await got) as { value: TextFrame }
      const want = tail === 0 ? ['6'] : ['1', '2', '3', '4', '5', '6'].slice(-tail)
      expect(value.pieces.reduce((sum, [length]) => sum + length, 0)).toBe(value.text.length)
      let said = value.text
      while (said.split('\n').length - 1 < want.length) said += ((await later.next()).value as TextFrame).text
      expect(said).toBe(want.map((each) => `${each}\n`).join(''))
      await later.return(undefined)
    }
    expect(source.opened).toBe(1)
    // More than this reader began with: another one is opened for it.
    const more = fanOut.watch('a', 1_000, new Source().open, signal())
    void more.next()
    expect(source.opened).toBe(1)
  })

  it('ends for all when it ends or fails, after the rest', async () => {
    for (const error of [undefined, new Error('gone')]) {
      const [source, fanOut] = [new Source(), new FanOut(systemClock)]
      const viewer = fanOut.watch('a', 0, source.open, signal())
      const next = viewer.next()
      source.feed(frame('last'))
      source.end(error)
      expect((await next).value).toMatchObject({ text: 'last\n' })
      if (error) await expect(viewer.next()).rejects.toThrow('gone')
      else expect((await viewer.next()).done).toBe(true)
    }
  })
})

/** Numbers that look random and are the same in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('every line comes once and in order, or is counted as skipped', () => {
  /** Whatever the reader waits for takes too long: those who are slow are overtaken. */
  const impatient = () => {
    let time = 0
    return { ...systemClock, monotonic: () => (time += 10_000) }
  }

  /** Feeds some 5 MB of numbered lines, of which some were lost before. */
  async function feed(source: Source, next: () => number): Promise<number> {
    let total = 0
    while (total < 25_000) {
      const skipped = next() < 0.1 ? Math.floor(next() * 10) : 0
      total += skipped
      const lines = Array.from({ length: Math.floor(next() * 300) }, () =>
        line(`${total++} `.padEnd(Math.floor(next() * 400))),
      )
      source.feed({ lines, skipped })
      if (next() < 0.5) await new Promise((resolve) => setImmediate(resolve))
    }
    source.feed(frame('end'))
    return total + 1
  }

  /** Takes frames, now and then after others had their turn; holds the order and answers what it got. */
  async function look(viewer: AsyncGenerator<TextFrame>, lazy: number, next: () => number) {
    let [lines, skipped, last] = [0, 0, -1]
    for await (const each of viewer) {
      skipped += each.skipped
      expect(each.text.split('\n').length - 1).toBe(each.lines)
      for (const said of each.text.split('\n').slice(0, -1)) {
        if (said === 'end') return { lines: lines + 1, skipped }
        const number = Number.parseInt(said, 10)
        expect(number).toBeGreaterThan(last)
        // The number of the line is how many came before it, lost ones too.
        expect(number).toBe(lines + skipped)
        last = number
        lines++
      }
      for (let turn = Math.floor(next() * lazy); turn > 0; turn--)
        await new Promise((resolve) => setImmediate(resolve))
    }
    throw new Error('the end did not come')
  }

  it.each([1, 2, 3])('with the numbers of seed %d', async (seed) => {
    const [source, fanOut, next] = [new Source(), new FanOut(impatient()), random(seed)]
    const viewers = [0, 5, 100, 1_000].map((lazy) =>
      look(fanOut.watch('a', 0, source.open, signal()), lazy, random(seed + lazy)),
    )
    const total = await feed(source, next)
    const got = await Promise.all(viewers)
    for (const { lines, skipped } of got) expect(lines + skipped).toBe(total)
    expect(got.at(-1)!.skipped, 'the laziest is overtaken').toBeGreaterThan(got[0]!.skipped)
  })
})
