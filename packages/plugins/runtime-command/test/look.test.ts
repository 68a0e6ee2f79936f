import { expect, it } from 'vitest'
import { coalesced } from '../src/look.js'
import { until } from './bench.js'

/** Runs that end when they are told to, each with its number. */
function runs() {
  const ends: (() => void)[] = []
  const ask = coalesced(async () => {
    const number = ends.length
    await new Promise<void>((resolve) => ends.push(resolve))
    return number
  })
  const begun = (count: number) => until(`${count} runs began`, () => ends.length === count)
  return { ask, ends, begun }
}

it('those who ask together share a look', async () => {
  const { ask, ends, begun } = runs()
  const asked = [ask(), ask(), ask()]
  await begun(1)
  ends[0]!()
  expect(await Promise.all(asked)).toEqual([0, 0, 0])
})

it('who asks while a look is under way gets the next, and shares that', async () => {
  const { ask, ends, begun } = runs()
  const first = ask()
  await begun(1)
  const later = [ask(), ask()]
  ends[0]!()
  expect(await first).toBe(0)
  await begun(2)
  ends[1]!()
  expect(await Promise.all(later)).toEqual([1, 1])
})

it('a look that fails is told to those who asked, and the next one is made', async () => {
  let count = 0
  const ask = coalesced(async () => {
    if (count++ === 0) throw new Error('no /proc')
    return count
  })
  await expect(Promise.all([ask(), ask()])).rejects.toThrow('no /proc')
  expect(await ask()).toBe(2)
})
