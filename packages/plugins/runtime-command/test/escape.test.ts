import { spawn } from 'node:child_process'
import { closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { needs } from '@longshore/core/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { ownCgroups } from '../src/cgroup.js'
import { Bench, code, commandLines, until } from './bench.js'

/** A number of seconds that no other test sleeps: by it a process is known that shows nothing else. */
let seconds = 1_000_000 + (process.pid % 100_000) * 100
let bench: Bench

afterEach(async () => {
  await bench.close()
  for (const pid of survivors()) process.kill(pid, 'SIGKILL')
})

/** By their words alone; the shells that bring them about show the same ones for a moment. */
function survivors(): number[] {
  const words = new RegExp(`^ *\\d+ (sleep ${seconds}|/bin/sh \\S+/chain-${seconds})$`)
  return commandLines('pid,args')
    .split('\n')
    .filter((line) => words.test(line))
    .map(Number.parseFloat)
}

/** Makes a bench with its cgroups in these places. */
async function start(places: string[]): Promise<void> {
  seconds++
  bench = await Bench.make(() => {}, places)
}

/** What a job leaves behind, each gone further than the one before. */
const escapes = {
  'in the background': () => `sleep ${seconds} &`,
  'deaf to the hangup, behind a second fork': () => `(nohup sleep ${seconds} >/dev/null 2>&1 &)`,
  'in a session of its own': () => `setsid sleep ${seconds} >/dev/null 2>&1 &`,
  'with an empty environment': () => `setsid env -i sleep ${seconds} &`,
  'with an empty environment and silent': () => `setsid env -i sleep ${seconds} >/dev/null 2>&1 &`,
}
/** Keeps nothing that it could be known by. */
const vanished = () => `setsid env -i sh -c 'cd /; exec sleep ${seconds} <&- >&- 2>&-' &`

function leaving(what: string, more: object = {}): Promise<unknown> {
  return bench.apply(1, { up: ['sh', '-c', what], grace: '200ms', ...more })
}

/** A process that becomes another one all the time: by forking and ending, deaf to SIGTERM; for a minute at most. */
async function chain(step: string): Promise<object> {
  const last = Math.ceil(Date.now() / 1000) + 60
  const up = await bench.script(
    `chain-${seconds}`,
    `trap '' TERM\n[ "$(date +%s)" -lt ${last} ] || exit\n${step}`,
  )
  return { up: ['sh', '-c', `${join(bench.directory, up)} & sleep 0.2`], grace: '200ms' }
}

function layer(name: string, places: string[]) {
  describe(name, () => {
    it.each(Object.entries(escapes))('ends what a job left %s', async (_, escape) => {
      await start(places)
      await leaving(escape())
      await until('it is there', () => survivors().length === 1)
      expect(await bench.runtime.find()).toHaveLength(1)
      await bench.end()
      expect(survivors()).toEqual([])
    })

    it('ends what forks all the time', async () => {
      await start(places)
      await bench.apply(1, await chain('"$0" & exit 0'))
      expect(await bench.runtime.find()).toHaveLength(1)
      await bench.end()
      expect(survivors()).toEqual([])
    })

    it('ends what a supervised process left elsewhere before that runs again', async () => {
      await start(places)
      await leaving(`setsid env -i sleep ${seconds} & sleep 0.7`, { keepAlive: true })
      await until(
        'it was started again',
        () => bench.told.filter(({ kind }) => kind === 'started').length > 1,
      )
      expect(survivors().length).toBeLessThan(2)
      await bench.end()
      expect(survivors()).toEqual([])
    })
  })
}

layer('without cgroups', [])

describe.each([
  ['without cgroups', []],
  ['with those of this machine', ownCgroups()],
])('%s', (_, places) => {
  it('says that what keeps the output open lives, until it is gone', async () => {
    await start(places)
    await bench.apply(1, { up: ['sleep', `${seconds}`], keepAlive: true })
    const pipe = join(bench.records.home('hello', 'deployment000001'), 'stdout')
    // Nobody is told of us: as good as a process of another user where Longshore is not root.
    const held = openSync(pipe, constants.O_RDWR)
    const stuck = expect.objectContaining({
      message: expect.stringContaining('keeps the output open') as string,
    })
    try {
      await expect(bench.end()).rejects.toEqual(code('PROCESS_STUCK'))
      await expect(bench.end()).rejects.toEqual(stuck)
      expect(survivors()).toEqual([])
    } finally {
      closeSync(held)
    }
    await bench.end()
    expect(await bench.records.all()).toEqual([])
  }, 60_000)
})

it('without cgroups what keeps nothing that it could be known by is not found', async () => {
  await start([])
  await leaving(vanished())
  await until('it is there', () => survivors().length === 1)
  await bench.end()
  expect(survivors()).toHaveLength(1)
})

describe('with cgroups', needs('cgroup'), () => {
  const [first, ...others] = ownCgroups()
  for (const place of new Set([
    first!,
    ...others.filter((other) => existsSync(join(other, 'cgroup.controllers'))),
  ]))
    layer(`in ${place}`, [place])

  for (const place of ownCgroups()) {
    describe(`in ${place}`, () => {
      it('ends what keeps nothing that it could be known by', async () => {
        await start([place])
        await leaving(vanished())
        await until('it is there', () => survivors().length === 1)
        expect(await bench.runtime.find()).toHaveLength(1)
        await bench.end()
        expect(survivors()).toEqual([])
      })

      it('ends what becomes another process all the time, each in a session and with an environment of its own', async () => {
        await start([place])
        await bench.apply(1, await chain('cd /; setsid env -i "$0" </dev/null >/dev/null 2>&1 & exit 0'))
        expect(await bench.runtime.find()).toHaveLength(1)
        await bench.end()
        expect(survivors()).toEqual([])
      })

      it('ends what made cgroups of its own, and leaves none', async () => {
        await start([place])
        const own = join(place, 'longshore', await id(), 'deployment000001')
        await leaving(
          `mkdir -p ${own}/a/b; (echo 0 >${own}/a/b/cgroup.procs; exec setsid env -i sleep ${seconds}) &`,
        )
        await until('it is there', () => survivors().length === 1)
        await bench.end()
        expect(survivors()).toEqual([])
        expect(existsSync(own)).toBe(false)
        await bench.runtime.close()
        expect(existsSync(join(own, '..'))).toBe(false)
      })
    })
  }

  it('what a killed Longshore left is taken up and ended, though nothing else tells of it', async () => {
    await start(ownCgroups())
    await leaving(vanished())
    await until('it is there', () => survivors().length === 1)
    await bench.open()
    expect(await bench.runtime.find()).toMatchObject([{ deployment: 'deployment000001' }])
    await bench.end()
    expect(survivors()).toEqual([])
  })

  it('what has no record is ended at the next start, and an empty cgroup goes', async () => {
    await start(ownCgroups())
    const folder = join(ownCgroups()[0]!, 'longshore', await id())
    const [stray, empty] = [join(folder, 'deployment000008'), join(folder, 'deployment000009')]
    for (const path of [stray, empty]) mkdirSync(path)
    spawn('sh', ['-c', `echo 0 >${stray}/cgroup.procs; cd /; exec env -i sleep ${seconds}`], {
      detached: true,
      stdio: 'ignore',
    })
    await until('it is there', () => survivors().length === 1)
    await bench.open()
    expect(survivors()).toEqual([])
    expect([stray, empty].map((path) => existsSync(path))).toEqual([false, false])
  })

  it('what cannot enter its cgroup runs all the same', async () => {
    await start(['/sys/fs/cgroup/cpuset'].filter(existsSync))
    await bench.apply(1, { up: ['sleep', `${seconds}`], keepAlive: true })
    expect(survivors()).toHaveLength(1)
    await bench.end()
    expect(survivors()).toEqual([])
  })

  it('a command gets its words, its environment and its files as if there were none', async () => {
    for (const places of [ownCgroups(), []]) {
      await bench?.close()
      await start(places)
      await bench.apply(1, { up: ['env'], env: { ODD: 'a $HOME `b` "c" \\\n' } })
      const words = [
        'sh',
        '-c',
        'for i; do echo "<$i>"; done; ls /proc/self/fd | wc -l',
        'x',
        '',
        'a b',
        '$HOME',
        '-n',
      ]
      await bench.apply(2, { up: words })
      const printed = bench.printed.replaceAll(await id(), '')
      seen.push(printed.split('\n').sort().join('\n'))
    }
    expect(seen[0]).toBe(seen[1])
    expect(seen[0]).toContain('<$HOME>\n<-n>\n<>\n<a b>\n')
  })
  const seen: string[] = []
})

async function id(): Promise<string> {
  return (await readFile(join(bench.records.root, 'id'), 'utf8')).trim()
}
