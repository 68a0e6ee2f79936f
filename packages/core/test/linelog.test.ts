import { execFileSync } from 'node:child_process'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/kernel/clock.js'
import type { LogFrame } from '../src/contracts/telemetry.js'
import { readLines, type LineQuery } from '../src/linelog/read.js'
import { LineLog } from '../src/linelog/write.js'
import { needs } from '../src/testkit/needs.js'

const never = new AbortController().signal
let directory = ''
let now = Date.parse('2026-01-01T00:00:00Z')
const options = { segmentBytes: 1 << 20, segments: 4, clock: { now: () => now } }

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'longshore-linelog-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function all(query: LineQuery = {}, signal = never): Promise<LogFrame> {
  const result: LogFrame = { lines: [], skipped: 0 }
  for await (const frame of readLines(directory, query, signal)) {
    result.lines.push(...frame.lines)
    result.skipped += frame.skipped
  }
  return result
}

async function words(query: LineQuery = {}): Promise<string[]> {
  const { lines } = await all(query)
  return lines.map(({ stream, bytes, partial }) => `${stream} ${partial ? 'P' : 'F'} ${Buffer.from(bytes)}`)
}

describe('a line log', () => {
  it('writes records of the container log format', async () => {
    const log = await LineLog.open(directory, options)
    await log.write('stdout', 'one\ntwo\n')
    await log.write('note', 'a remark')
    await log.close()
    const [name] = await readdir(directory)
    expect(await readFile(join(directory, name!), 'utf8')).toBe(
      '2026-01-01T00:00:00.000Z stdout F one\n2026-01-01T00:00:00.000Z stdout F two\n2026-01-01T00:00:00.000Z note F a remark\n',
    )
  })

  it('keeps lines byte-exact, however they are cut and whatever they hold', async () => {
    const wild = Buffer.from([0xff, 0x00, 0x0d, 0xc3, 0x28, 0x1b, 0x5b])
    const log = await LineLog.open(directory, options)
    const text = Buffer.concat([wild, Buffer.from('\n\n'), Buffer.alloc(40_000, 'x'), Buffer.from('\nend\n')])
    for (let at = 0; at < text.length; at += 997) await log.write('stdout', text.subarray(at, at + 997))
    await log.close()
    const { lines } = await all()
    const whole = Buffer.concat(
      lines.flatMap(({ bytes, partial }) => [bytes, Buffer.from(partial ? '' : '\n')]),
    )
    expect(whole.equals(text)).toBe(true)
    expect(Math.max(...lines.map(({ bytes }) => bytes.length))).toBe(16 * 1024)
  })

  it('shows the beginning of a line whose end does not come, and finishes it on close', async () => {
    const log = await LineLog.open(directory, options)
    await log.write('stdout', 'password: ')
    const stop = new AbortController()
    for await (const frame of readLines(directory, { follow: 'always' }, stop.signal)) {
      if (frame.lines.length === 0) continue
      expect(frame.lines[0]).toMatchObject({ partial: true })
      expect(`${Buffer.from(frame.lines[0]!.bytes)}`).toBe('password: ')
      stop.abort()
    }
    await log.write('stdout', 'ok\nlast')
    await log.close()
    expect(await words()).toEqual(['stdout P password: ', 'stdout F ok', 'stdout F last'])
  })

  it('keeps the streams apart', async () => {
    const log = await LineLog.open(directory, options)
    await log.write('stdout', 'out ')
    await log.write('stderr', 'err\n')
    await log.write('stdout', 'put\n')
    await log.close()
    expect(await words()).toEqual(['stderr F err', 'stdout F out put'])
    expect(await words({ stream: 'stderr' })).toEqual(['stderr F err'])
  })

  it('goes on after the last whole record of a writer that was killed', async () => {
    const first = await LineLog.open(directory, options)
    await first.write('stdout', 'kept\n')
    await first.close()
    const [name] = await readdir(directory)
    await appendFile(join(directory, name!), '2026-01-01T00:00:00.000Z stdout F to')
    expect(await words()).toEqual(['stdout F kept'])
    const second = await LineLog.open(directory, options)
    await second.write('stdout', 'next\n')
    await second.close()
    expect(await words()).toEqual(['stdout F kept', 'stdout F next'])
  })

  it('answers since, until and tail', async () => {
    const log = await LineLog.open(directory, { ...options, segmentBytes: 100 })
    for (let index = 0; index < 8; index++) {
      now += 1000
      await log.write(index % 2 ? 'stderr' : 'stdout', `${index}\n`)
    }
    await log.close()
    const texts = async (query: LineQuery) =>
      (await all(query)).lines.map(({ bytes }) => `${Buffer.from(bytes)}`)
    expect(await texts({ since: now - 2000 })).toEqual(['5', '6', '7'])
    expect(await texts({ until: now - 6000 })).toEqual(['0', '1'])
    expect(await texts({ tail: 3 })).toEqual(['5', '6', '7'])
    expect(await texts({ tail: 0 })).toEqual([])
    expect(await texts({ tail: 2, stream: 'stdout' })).toEqual(['4', '6'])
    expect(await texts({ tail: 100 })).toHaveLength(8)
  })

  it('is bounded, and a reader slower than that is told exactly what it missed', async () => {
    const log = await LineLog.open(directory, { ...options, segmentBytes: 64 << 10 })
    await log.write('stdout', 'line 0\n')
    const stop = new AbortController()
    const reader = readLines(directory, { follow: 'open' }, stop.signal)
    let seen = ((await reader.next()).value as LogFrame).lines.length
    const total = 50_000
    for (let index = 1; index < total; index += 100) {
      await log.write('stdout', Array.from({ length: 100 }, (_, each) => `line ${index + each}\n`).join(''))
    }
    await log.close()
    let skipped = 0
    let last = ''
    for await (const frame of reader) {
      if (frame.skipped) {
        expect(frame.lines).toHaveLength(0)
        skipped += frame.skipped
      }
      seen += frame.lines.length
      if (frame.lines.length) last = `${Buffer.from(frame.lines.at(-1)!.bytes)}`
    }
    expect(skipped).toBeGreaterThan(10_000)
    expect(seen + skipped).toBe(50_001)
    expect(last).toBe(`line ${total}`)
    const names = await readdir(directory)
    expect(names).toHaveLength(4)
    for (const name of names) expect((await stat(join(directory, name))).size).toBeLessThan(400 << 10)
  })

  it('tells a reader who comes when the first lines are gone how many those are', async () => {
    const log = await LineLog.open(directory, { ...options, segmentBytes: 1000 })
    for (let index = 0; index < 500; index++) await log.write('stdout', `${index}\n`)
    const frames = async (query: LineQuery) => {
      const { lines, skipped } = await all(query)
      return { first: Number(Buffer.from(lines[0]!.bytes)), count: lines.length, skipped }
    }
    const whole = await frames({})
    expect(whole.skipped).toBeGreaterThan(300)
    expect(whole).toEqual({ first: whole.skipped, count: 500 - whole.skipped, skipped: whole.skipped })
    expect(await frames({ tail: 10 })).toEqual({ first: 490, count: 10, skipped: 0 })
    expect(await frames({ since: now })).toMatchObject({ skipped: 0 })
    await log.close()
    expect(await frames({ follow: 'open' })).toEqual(whole)
  })

  it('tells how many lines stood before one that fills it', async () => {
    const log = await LineLog.open(directory, { ...options, segmentBytes: 64 << 10 })
    await log.write('stdout', 'one\ntwo\nthree\n')
    for (let index = 0; index < 20; index++) await log.write('stdout', 'x'.repeat(64 << 10))
    await log.close()
    expect((await all()).skipped).toBe(3)
  })

  it('follows: no line is missed or doubled while the log rotates', async () => {
    const log = await LineLog.open(directory, { ...options, segmentBytes: 256 << 10 })
    const reading = all({ follow: 'open' })
    for (let index = 0; index < 20_000; index += 10) {
      await log.write('stdout', Array.from({ length: 10 }, (_, each) => `${index + each}\n`).join(''))
    }
    await log.close()
    const { lines, skipped } = await reading
    expect(lines.map(({ bytes }) => Number(Buffer.from(bytes))).slice(-20_000 + skipped)).toEqual(
      Array.from({ length: 20_000 - skipped }, (_, index) => index + skipped),
    )
    expect(lines.length + skipped).toBe(20_000)
  })

  it('waits for a log that nobody has begun, until it is told to stop', async () => {
    const stop = new AbortController()
    const reading = all({ follow: 'always' }, stop.signal)
    const log = await LineLog.open(directory, { ...options, clock: systemClock })
    await log.write('stdout', 'here\n')
    for await (const frame of readLines(directory, { follow: 'always' }, stop.signal)) {
      if (frame.lines.length === 0) continue
      expect(frame.lines).toHaveLength(1)
      stop.abort()
    }
    await log.close()
    expect((await reading).lines.length).toBeLessThanOrEqual(1)
    expect(await words({ follow: 'open' })).toEqual(['stdout F here'])
  })
})

describe('a line log on a full disk', needs('tmpfs'), () => {
  it('counts what it could not keep, says so, and goes on when space returns', async () => {
    const mounted = directory
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', mounted])
    directory = join(mounted, 'log')
    try {
      const log = await LineLog.open(directory, options)
      await log.write('stdout', 'before\n')
      await writeFile(join(mounted, 'filler'), Buffer.alloc(1 << 20)).catch(() => {})
      for (let index = 0; index < 100; index++) await log.write('stdout', `${'lost '.repeat(1000)}\n`)
      await rm(join(mounted, 'filler'))
      await log.write('stdout', 'after\n')
      await log.close()
      const lines = (await words()).filter((line) => !line.includes('F lost'))
      const lost = 100 - (await all()).lines.length + 3
      expect(lines).toEqual([
        'stdout F before',
        `note F ${lost} lines were not kept: the disk was full`,
        'stdout F after',
      ])
    } finally {
      execFileSync('umount', [mounted])
      directory = mounted
    }
  })
})
