import { readFileSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LongshoreError } from '@longshore/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench, code, commandLines, until } from './bench.js'

let bench: Bench

beforeEach(async () => {
  bench = await Bench.make()
})
afterEach(() => bench.close())

describe('a supervised process', () => {
  const sleeper = { up: ['sleep', '1000'], keepAlive: true }

  it('leads a session of its own, and its output is kept line by line', async () => {
    await bench.apply(1, {
      up: ['sh', '-c', 'echo out; echo err >&2; printf "\\377\\376\\n"; exec sleep 1000'],
      keepAlive: true,
    })
    const [found] = await bench.runtime.find()
    const [, , , , group, session] = readFileSync(`/proc/${found!.pid}/stat`, 'utf8').split(' ')
    expect([Number(group), Number(session)]).toEqual([found!.pid, found!.pid])
    await until('its output is there', async () => (await bench.lines()).length === 3)
    expect((await bench.lines()).sort()).toEqual(['err', 'out', '\ufffd\ufffd'])
  })

  it('is started again when it ends, after a pause that grows, and how it ended is told', async () => {
    await bench.apply(1, { up: ['sh', '-c', 'sleep 0.7; kill -KILL $$'], keepAlive: true })
    await until(
      'it was started three times',
      () => bench.told.filter(({ kind }) => kind === 'started').length >= 3,
    )
    const exits = bench.told.filter(({ kind }) => kind === 'exited')
    expect(exits.slice(0, 2)).toMatchObject([
      { exitCode: null, signal: 'SIGKILL', restartIn: 1000 },
      { exitCode: null, signal: 'SIGKILL', restartIn: 2000 },
    ])
  })

  it('is not started again before what it left is gone: never twice', async () => {
    await bench.apply(1, { up: ['sh', '-c', 'setsid sleep 1000 & sleep 0.7; exit 1'], keepAlive: true })
    await until('it was started again', () => bench.told.filter(({ kind }) => kind === 'started').length >= 2)
    const left = () => {
      const lines = commandLines('pid,args').split('\n')
      const ours = bench.pids()
      return lines.filter((line) => line.endsWith(' sleep 1000') && ours.includes(Number.parseFloat(line)))
    }
    await until('it left that again', () => left().length > 0)
    expect(left()).toHaveLength(1)
    await bench.end()
    expect(bench.pids()).toEqual([])
  })

  it('that ends at once fails its deployment and is not started again', async () => {
    await expect(
      bench.apply(1, { up: ['sh', '-c', 'echo no config; exit 78'], keepAlive: true }),
    ).rejects.toEqual(code('UP_FAILED'))
    expect(bench.printed).toBe('no config\n')
    expect(bench.told).toMatchObject([{ kind: 'started' }, { kind: 'exited', exitCode: 78, signal: null }])
    expect(bench.told[1]).not.toHaveProperty('restartIn')
  })

  it('gets SIGTERM and time to end; what does not listen, SIGKILL', async () => {
    const polite = 'trap "echo goodbye; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
    await bench.apply(1, { up: ['sh', '-c', polite], keepAlive: true })
    await until('it is ready', async () => (await bench.lines()).includes('ready'))
    await bench.end()
    expect(await bench.lines()).toContain('goodbye')
    expect(bench.told.at(-1)).toMatchObject({ kind: 'exited', exitCode: 0 })
    await bench.apply(2, {
      up: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'],
      keepAlive: true,
      grace: '100ms',
    })
    await bench.end()
    expect(bench.told.at(-1)).toMatchObject({ kind: 'exited', signal: 'SIGKILL' })
    expect(bench.pids()).toEqual([])
  })

  it('ends the old one before the new one begins, or after, as it was told', async () => {
    const seen = join(bench.data, 'seen')
    const count = `ps -eo args | grep '^sleep 987' >${seen}; exec sleep 1000`
    const old = { up: ['sleep', '987'], keepAlive: true }
    await bench.apply(1, old)
    await bench.apply(2, { up: ['sh', '-c', count], keepAlive: true })
    expect(await readFile(seen, 'utf8')).toBe('')
    await bench.apply(3, old)
    await bench.apply(4, { up: ['sh', '-c', count], keepAlive: true, replace: 'before' })
    await until('it looked', () => bench.pids().length === 1)
    expect(await readFile(seen, 'utf8')).toBe('sleep 987\n')
  })

  it.each([
    ['DEPLOYMENT_SUPERSEDED', true],
    ['DEPLOYMENT_STOPPED', false],
  ])('whose successor is ended by %s runs again: %s', async (why, again) => {
    await bench.apply(1, sleeper)
    const ending = new AbortController()
    const second = bench.apply(2, sleeper, { signal: ending.signal })
    await until('the old one ended', () => bench.told.some(({ kind }) => kind === 'exited'))
    ending.abort(new LongshoreError(why, 'it was ended'))
    await expect(second).rejects.toMatchObject({ code: why })
    const back = until('it runs again', () => bench.pids().length > 0, again ? 30_000 : 1_000)
    await (again ? back : expect(back).rejects.toThrow('did not come about'))
  })

  it('leaves nothing when Longshore stops', async () => {
    await bench.apply(1, sleeper)
    await bench.apply(2, { up: ['sh', '-c', 'setsid sleep 1000 &'] }, { service: 'other' })
    await bench.runtime.close()
    expect(bench.pids()).toEqual([])
    expect(bench.pids('LONGSHORE_SERVICE=other')).toEqual([])
    await expect(bench.apply(3, sleeper)).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' })
  })

  it('prints a gigabyte: its log stays bounded, and so does memory', async () => {
    const before = process.memoryUsage.rss()
    await bench.apply(1, {
      up: [
        'sh',
        '-c',
        'sleep 0.6; yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 1073741824; echo done; exec sleep 1000',
      ],
      keepAlive: true,
    })
    const last = async () => {
      const query = { service: 'hello', host: 'box', tail: 1 }
      let text = ''
      for await (const { lines } of bench.telemetry.logs(query, AbortSignal.timeout(60_000))) {
        text = Buffer.from(lines.at(-1)?.bytes ?? '').toString()
      }
      return text
    }
    await until('all is printed', async () => (await last()).endsWith('done'), 200_000)
    expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 2 ** 20)
    const log = join(bench.records.home('hello', bench.plan(1, sleeper).deployment), 'log')
    const sizes = await Promise.all(
      (await readdir(log)).map(async (name) => (await stat(join(log, name))).size),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(40 * 2 ** 20)
  }, 240_000)

  it('takes over the pipes of one that is gone', async () => {
    const pipe = async (number: number) => {
      await bench.apply(number, sleeper)
      const home = bench.records.home('hello', bench.plan(number, sleeper).deployment)
      return (await stat(join(home, 'stdout'))).ino
    }
    const first = await pipe(1)
    expect(await pipe(2)).not.toBe(first)
    expect(await pipe(3)).toBe(first)
  })

  it('keeps the logs of the last five instances that are gone', async () => {
    for (let number = 1; number <= 8; number++) {
      await bench.apply(number, { up: ['sh', '-c', `echo ${number}; exec sleep 1000`], keepAlive: true })
    }
    await until('the last one printed', async () => (await bench.lines()).includes('8'))
    expect(await bench.lines()).toEqual(['3', '4', '5', '6', '7', '8'])
    await bench.end()
    expect(await bench.lines()).toEqual(['4', '5', '6', '7', '8'])
  })

  it('keeps no more of them when none comes up', async () => {
    for (let number = 1; number <= 8; number++) {
      const failing = { up: ['sh', '-c', `echo ${number}; exit 1`], keepAlive: true }
      await expect(bench.apply(number, failing)).rejects.toEqual(code('UP_FAILED'))
    }
    expect(await bench.lines()).toEqual(['4', '5', '6', '7', '8'])
  })
})
