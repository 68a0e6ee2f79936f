import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { gitPlace, longshoreAt } from './place.js'
import { allProcesses } from './processes.mjs'
import { until } from './until.mjs'

const count = 50

test('fifty services follow one repository; Ctrl-C leaves no process', async () => {
  const { git, repository, url } = await gitPlace()
  const tree = { run: { mode: '100755' as const, content: '#!/bin/sh\nsleep 3600 & exec sleep 3600\n' } }
  const first = await repository.commit('main', tree)
  const names = Array.from({ length: count }, (_, index) => `s${index}`)
  const service = {
    source: { url, poll: '500ms' },
    run: { kind: 'command', up: 'run', keepAlive: true, grace: '2s' },
  }
  const longshore = await longshoreAt({ services: Object.fromEntries(names.map((name) => [name, service])) })
  const before = new Set([...allProcesses()].map(({ pid }) => pid))
  await longshore.start()
  const allRun = (sha: string) =>
    until(`all run ${sha}`, 120_000, async () => {
      const { body } = await longshore.ask('GET', '/services?limit=1000')
      const running = body.items.filter(({ placements: [one] }: any) => one.running?.commit.sha === sha)
      return running.length === count
    })
  await allRun(first)
  const second = await repository.commit('main', { ...tree, version: 'two' })
  await allRun(second)
  // Two each: the one that is supervised, and what it started.
  await until('nothing of the first is left', 30_000, () => longshore.processes().length === 2 * count)
  expect(longshore.processes().every(({ env }) => env['LONGSHORE_COMMIT'] === second)).toBe(true)
  const { fetches, lsRefs } = git.count('app')
  console.log(`${count} services of one repository: ${lsRefs} looks and ${fetches} fetches`)
  expect(fetches).toBeLessThanOrEqual(6)

  expect(await longshore.stop()).toBe(0)
  expect(longshore.processes()).toEqual([])
  const mine = ({ pid, command }: { pid: number; command: string }) =>
    !before.has(pid) && command.includes(longshore.folder)
  expect([...allProcesses()].filter(mine)).toEqual([])
  expect(await readdir(longshore.data)).not.toContain('longshore.sock')
}, 300_000)
