import { expect, it } from 'vitest'
import { stateOf, why } from '../src/protocol/index.js'
import { after, all, config, placement, runs, workedOff } from './drifting.js'
import { ines, of, settled, start, url, world } from './start.js'

it('an engine that is away is one event; deployments wait for it, and nothing is deployed twice', async () => {
  const kernel = await runs('heal', { clock: undefined })
  const { runtime, seen, flow, git } = kernel
  runtime.leave('it does not answer')
  await seen(of('engine.away'))
  const host = async () => (await flow.hostState('test'))!
  expect(stateOf(placement(kernel), await host())).toBe('unknown')
  expect(why(placement(kernel), await host())).toMatch(/Nothing is known of hello since .*it does not answer/)
  const newer = git.commit(url, 'main', { a: '2' })
  await seen(of('deployment.queued', newer))
  runtime.comeBack()
  await seen(settled(newer, 'kept'))
  expect(stateOf(placement(kernel), await host())).toBe('healthy')
  await workedOff(kernel)
  expect(runtime.applied.map(({ commit }) => commit.sha)).toEqual([kernel.sha, newer])
  expect(await all(kernel, 'engine.away', 'engine.back')).toHaveLength(2)

  runtime.leave('again')
  runtime.comeBack()
  await workedOff(kernel)
  expect(runtime.applied).toHaveLength(2)
})

it('what a stop could not end while the engine was away is ended soon after it is back', async () => {
  const kernel = await runs('heal', { clock: undefined })
  const { runtime, seen, flow } = kernel
  runtime.leave('it does not answer')
  await flow.request({ kind: 'stop', service: 'hello', actor: ines, why: 'x' })
  await seen(of('service.stuck'))
  runtime.comeBack()
  await seen(of('service.ended'))
  expect(runtime.running('hello')).toBeUndefined()
})

it('an engine that is away when Longshore starts is waited for; what runs is not touched, what is gone comes back', async () => {
  for (const gone of [false, true]) {
    const around = await world()
    const first = await runs('heal', { ...around, clock: undefined })
    await first.stop()
    around.runtime.leave('it does not answer')
    if (gone) around.runtime.lose('hello', 'nobody saw it')
    const second = await start({ ...around, config: config('heal') })
    await second.seen(of('engine.away'))
    const { last } = around.disk
    expect(stateOf(placement(second), await second.flow.hostState('test'))).toBe('unknown')
    expect(await all(second, 'instance.lost')).toEqual([])
    around.runtime.comeBack()
    await second.seen(after(last, of('engine.back')))
    if (gone) {
      await second.seen(of('instance.lost'))
      await second.seen(after(last, settled(first.sha, 'kept')))
    }
    await workedOff(second)
    expect(around.runtime.applied).toHaveLength(gone ? 2 : 1)
    await second.stop()
  }
})
