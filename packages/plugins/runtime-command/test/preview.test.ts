import { afterEach, beforeEach, expect, it } from 'vitest'
import { Bench, code } from './bench.js'

let bench: Bench

beforeEach(async () => {
  bench = await Bench.make()
})
afterEach(() => bench.close())

const sleeper = { up: ['sleep', '1000'], keepAlive: true, env: { PORT: '80', DB: { secret: 'env:DB' } } }

it('tells what would be started, what would end, and how they differ but for values', async () => {
  const say = async (number: number, run: object) => {
    const { changes, resolved } = await bench.runtime.preview(bench.plan(number, run))
    expect(resolved).not.toContain('80')
    return changes.map(({ what, instance, say }) => `${what} ${instance}: ${say}`)
  }
  expect(await say(1, sleeper)).toEqual(['create hello: sleep of 1111111 would be started'])
  expect(bench.pids()).toEqual([])
  const made = await bench.apply(1, sleeper)
  expect(made).toMatchObject({
    env: ['DB', 'LONGSHORE_COMMIT', 'LONGSHORE_DEPLOYMENT', 'LONGSHORE_SERVICE', 'PORT'],
  })
  const began = 'replace hello: sleep of 2222222 would be started, and what runs of 1111111 would end'
  expect(await say(2, sleeper)).toEqual([`${began}; only the commit differs`])
  expect(await say(2, { ...sleeper, up: ['sleep', '99'], env: { PORT: '81', MORE: 'x' } })).toEqual([
    `${began}; up: ["sleep","1000"] → ["sleep","99"]; env: ["DB","PORT"] → ["MORE","PORT"]; other values of PORT`,
  ])
  expect(await say(2, { up: ['true'] })).toEqual([
    expect.stringMatching(/^replace hello: true of 2222222 would run once, .*keepAlive: true → false/),
  ])
  expect(bench.pids()).toHaveLength(1)
})

it('is refused as an apply is', async () => {
  const preview = (run: object) => bench.runtime.preview(bench.plan(1, run))
  await expect(preview({ up: ['no-such-program'] })).rejects.toEqual(code('UP_NOT_FOUND'))
  await expect(preview({ up: ['true'], down: '../evil' })).rejects.toEqual(code('UP_OUTSIDE'))
})
