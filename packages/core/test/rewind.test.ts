import { describe, expect, it } from 'vitest'
import { rewindLaws, type TestKernel } from '../src/testkit/index.js'
import { parsePoint } from '../src/protocol/index.js'
import { deadline } from '../src/waiting/deadline.js'

/** The state as plain JSON. */
async function state({ flow }: TestKernel, at?: string): Promise<unknown> {
  const point = at === undefined ? undefined : parsePoint(at, 0)
  const { seq, placements, hosts } = point ? await flow.at(point, deadline(10_000)) : flow.now()
  const kept = { seq, placements: Object.fromEntries(placements), hosts: Object.fromEntries(hosts) }
  return JSON.parse(JSON.stringify(kept)) as unknown
}

describe('the state of an earlier moment', () => {
  for (const law of rewindLaws({ answer: state })) it(law.name, law.run)
})

it('a point is a seq, a time or a span back', () => {
  expect(parsePoint('42', 1_000)).toEqual({ seq: 42 })
  expect(parsePoint('1s', 5_000)).toEqual({ time: 4_000 })
  expect(parsePoint('1970-01-01T00:00:07Z', 0)).toEqual({ time: 7_000 })
  for (const wrong of ['', '-1', '1.5', 'yesterday', '1e3', '0x10', '99999999999999999'])
    expect(parsePoint(wrong, 0)).toBeUndefined()
})
