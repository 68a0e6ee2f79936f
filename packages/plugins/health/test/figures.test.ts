import { Contributions, type Sample } from '@longshore/core'
import { expect, it } from 'vitest'
import { ill, live, start } from './longshore.js'

it('checks are counted by service and by what they said last', async () => {
  const script = (name: string) => ({ kind: 'script', name, every: '1s' })
  const kernel = await start({ checks: [script('one'), script('two')] })
  const look = async (name: string): Promise<Sample[]> => {
    const { metrics } = kernel.kernel.get(Contributions)
    return metrics.find((each) => each.name === name)!.look!(new AbortController().signal)
  }
  const said = (healthy: number, unhealthy: number, unknown: number) =>
    Object.entries({ healthy, unhealthy, unknown }).map(([verdict, value]) => ({
      value,
      labels: { service: 'hello', verdict },
    }))
  expect(await look('longshore_checks')).toEqual(said(0, 0, 2))
  await kernel.settles(kernel.commit())
  await live(kernel.clock, 10_000)
  expect(await look('longshore_checks')).toEqual(said(2, 0, 0))
  kernel.script.says.set('two', ill)
  await live(kernel.clock, 10_000)
  expect(await look('longshore_checks')).toEqual(said(1, 1, 0))
  expect(await look('longshore_checks_waiting')).toEqual([{ value: 0 }])
})
