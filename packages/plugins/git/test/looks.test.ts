import type { Metric } from '@longshore/core'
import { HandClock } from '@longshore/core/testkit'
import { expect, it } from 'vitest'
import { Looks } from '../src/watch/looks.js'

it('looks are counted by whether the server answered, those that were given up are not', async () => {
  const clock = new HandClock()
  const looks = new Looks(clock)
  const metrics: Metric[] = []
  looks.tellTo({ add: (metric) => (metrics.push(metric), () => undefined) })
  const told = () => Promise.all(metrics.map(async (metric) => metric.look!(new AbortController().signal)))
  const counts = (ok: number, failed: number) => [
    { value: ok, labels: { result: 'ok' } },
    { value: failed, labels: { result: 'failed' } },
  ]
  expect(await told()).toEqual([counts(0, 0), []])
  const look = looks.counted(async (refs: string[], signal: AbortSignal) => {
    signal.throwIfAborted()
    if (refs.length === 0) throw new Error('nothing')
    return refs
  })
  const { signal } = new AbortController()
  expect(await look(['a'], signal)).toEqual(['a'])
  const at = clock.now() / 1000
  expect(await told()).toEqual([counts(1, 0), [{ value: at }]])
  clock.go(60_000)
  await expect(look([], signal)).rejects.toThrow('nothing')
  await expect(look(['a'], AbortSignal.abort())).rejects.toThrow()
  expect(await told()).toEqual([counts(1, 1), [{ value: at }]])
  await look(['a'], signal)
  expect(await told()).toEqual([counts(2, 1), [{ value: at + 60 }]])
})
