import { expect, test } from 'vitest'
import { folder, newcomer, processes, Run, until } from './run.js'

test('the newcomer: push, stop, push, restart, start; Ctrl-C leaves nothing', async () => {
  const home = await folder()
  const { longshore, push, placement, answer } = newcomer(home)
  const first = new Run(home)
  const url = await first.ready()
  expect(await answer(url)).toContain('Hello from Longshore')

  push('Good morning')
  const pushed = performance.now()
  await until(
    async () => (await answer(url)).includes('Good morning'),
    () => `the new version in:\n${first.output}`,
  )
  console.log(`push to answer: ${Math.round(performance.now() - pushed)} ms`)

  expect(longshore('stop', 'hello', '--why', 'a try')).toContain('it has ended')
  expect(await answer(url)).toBe('')
  const held = push('Good evening')
  await until(
    () => placement()['newest']?.sha === held,
    () => 'the held commit',
  )
  expect(longshore('events', '--kind', 'commit.admitted', '--limit', '1', '--json')).toContain('"held":true')
  expect(longshore('events', '--kind', 'commit.admitted', '--limit', '1')).toContain(
    'held: it waits for a start',
  )
  expect(await answer(url)).toBe('')

  await first.interrupt()
  expect(processes(home)).toEqual([])
  const second = new Run(home)
  expect(await second.ready()).toBe(url)
  expect(placement()).toMatchObject({ state: 'held', hold: { why: 'a try' } })
  expect(await answer(url)).toBe('')

  expect(longshore('start', 'hello')).toContain(`hello runs ${held.slice(0, 7)}`)
  await until(
    async () => (await answer(url)).includes('Good evening'),
    () => 'the newest version',
  )
  await second.interrupt()
  expect(processes(home)).toEqual([])
}, 180_000)
