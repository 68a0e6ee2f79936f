import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { needs } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench, commandLines, until } from './bench.js'

let bench: Bench
const drivers: ChildProcess[] = []

beforeEach(async () => {
  bench = await Bench.make()
})
afterEach(async () => {
  for (const driver of drivers.splice(0)) driver.kill('SIGKILL')
  await bench.close()
})

/** Another Longshore, on the bench's data folder. */
function drive(
  runs: [number: number, run: object][],
  more: object = {},
): { driver: ChildProcess; said(): string } {
  const plans = runs.map(([number, run]) => ({ ...bench.plan(number, { up: ['true'] }), run }))
  const words = JSON.stringify({ data: bench.data, plans, ...more })
  const driver = spawn(process.execPath, [fileURLToPath(new URL('driver.mjs', import.meta.url)), words])
  drivers.push(driver)
  let said = ''
  for (const stream of [driver.stdout, driver.stderr])
    stream.on('data', (chunk: Buffer) => void (said += String(chunk)))
  /** What it said so far; a driver that failed has nothing more to say. */
  const tell = () => {
    if (driver.exitCode !== null) throw new Error(`the driver failed: ${said}`)
    return said
  }
  return { driver, said: tell }
}

async function kill(driver: ChildProcess): Promise<void> {
  if (driver.exitCode !== null || driver.signalCode !== null) return
  const exit = once(driver, 'exit')
  driver.kill('SIGKILL')
  await exit
}

const sleeper = { up: ['sleep', '1000'], keepAlive: true }

describe('after Longshore was killed', () => {
  it('a supervised process runs on and is adopted; of its output only what Longshore held when it died is lost', async () => {
    const count = 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done'
    const { driver, said } = drive([[1, { up: ['sh', '-c', count], keepAlive: true }]])
    await until('it runs', () => said().includes('applied'))
    const leader = Math.min(...bench.pids())
    await kill(driver)
    expect(bench.pids()).toContain(leader)
    await bench.open()
    expect(await bench.runtime.find()).toMatchObject([
      { service: 'hello', deployment: 'deployment000001', pid: leader },
    ])
    await until('it is told', () => bench.told.length === 1)
    expect(bench.told).toMatchObject([{ kind: 'started', adopted: true, pid: leader }])
    const before = (await bench.lines()).length
    await until('its output goes on', async () => (await bench.lines()).length > before + 20)
    const lines = (await bench.lines()).map(Number)
    // A line that was read and not yet written went with the process that had read it; whatever came later waited.
    const gaps = lines.map((line, index) => line - (lines[index - 1] ?? -1) - 1).filter((gap) => gap !== 0)
    expect(gaps.length).toBeLessThanOrEqual(1)
    expect(gaps[0] ?? 0).toBeLessThan(25)
    expect(Math.min(0, ...gaps)).toBe(0)
    expect(bench.pids().filter((pid) => pid === leader)).toHaveLength(1)
  })

  it('an adopted process is kept alive and ended like any other', async () => {
    const { driver, said } = drive([[1, sleeper]])
    await until('it runs', () => said().includes('applied'))
    await kill(driver)
    const [pid] = bench.pids()
    await bench.open()
    process.kill(pid!, 'SIGTERM')
    await until('it is started again', () => bench.told.length === 3)
    expect(bench.told).toMatchObject([
      { kind: 'started', adopted: true },
      { kind: 'exited', exitCode: null, signal: null, restartIn: 1000 },
      { kind: 'started' },
    ])
    expect(bench.pids()).toHaveLength(1)
    await bench.end()
    expect(bench.pids()).toEqual([])
  })

  it('between spawn and record: what has no record is found by its mark and ended', async () => {
    const { driver } = drive([[1, { up: ['sh', '-c', 'setsid sleep 1000 & sleep 1000'], keepAlive: true }]], {
      dieBeforeRecord: true,
    })
    await once(driver, 'exit')
    await until('it was spawned', () => bench.pids().length > 0)
    await bench.open()
    expect(bench.pids()).toEqual([])
    expect(await bench.runtime.find()).toEqual([])
  })

  it('a job under way is ended', async () => {
    const { driver } = drive([
      [1, { up: ['sh', '-c', 'trap "" TERM; setsid sleep 1000 & sleep 1000; sleep 1000'], grace: '100ms' }],
    ])
    await until('it is under way', () => bench.pids().length >= 3)
    await kill(driver)
    await bench.open()
    expect(bench.pids()).toEqual([])
  })

  it('what a job left that shows nothing is adopted and ended', needs('cgroup'), async () => {
    const seconds = 2_000_000 + process.pid
    const left = () => commandLines().split('\n').includes(`sleep ${seconds}`)
    const { driver, said } = drive([
      [1, { up: ['sh', '-c', `setsid env -i sh -c 'cd /; exec sleep ${seconds} <&- >&- 2>&-' &`] }],
    ])
    await until('it is there', () => said().includes('applied') && left())
    await kill(driver)
    await bench.open()
    expect(await bench.runtime.find()).toMatchObject([{ deployment: 'deployment000001' }])
    await bench.end()
    expect(left()).toBe(false)
  })

  it('what ended meanwhile is not found; a process that got its number is not touched', async () => {
    const { driver, said } = drive([[1, sleeper]])
    await until('it runs', () => said().includes('applied'))
    await kill(driver)
    const [pid] = bench.pids()
    const stranger = spawn('sleep', ['1000'])
    try {
      process.kill(pid!, 'SIGKILL')
      await until('it is gone', () => bench.pids().length === 0)
      const [record] = await bench.records.all()
      await bench.records.save({ ...record!, process: { ...record!.process!, pid: stranger.pid! } })
      await bench.open()
      expect(await bench.runtime.find()).toEqual([])
      await bench.end()
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
      process.kill(stranger.pid!, 0)
    } finally {
      stranger.kill('SIGKILL')
    }
  })

  it('another Longshore of the machine keeps what is its own', async () => {
    const other = await Bench.make()
    try {
      await other.apply(1, sleeper)
      await bench.apply(1, sleeper)
      await bench.open()
      await bench.end()
      expect(bench.pids()).toEqual([])
      expect(other.pids()).toHaveLength(1)
    } finally {
      await other.close()
    }
  })

  it('at any moment: the next deployment runs exactly once', async () => {
    for (let round = 0; round < 8; round++) {
      const runs: [number, object][] = [
        [round * 3 + 1, { ...sleeper, replace: round % 2 ? 'before' : 'after' }],
        [round * 3 + 2, sleeper],
      ]
      const { driver, said } = drive(runs)
      await until('it is open', () => said().includes('open'))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1500))
      await kill(driver)
      const next = drive([[round * 3 + 3, sleeper]])
      await until('the next one runs', () => next.said().includes('applied'))
      expect(bench.pids()).toHaveLength(1)
      await kill(next.driver)
    }
  }, 180_000)
})
