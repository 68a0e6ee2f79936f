import { parsePoint } from '@longshore/core/protocol'
import { rewindLaws, type TestKernel } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

/** The state as plain JSON. */
async function state({ flow }: TestKernel, at?: string): Promise<unknown> {
  const point = at === undefined ? undefined : parsePoint(at, 0)
  const { seq, placements, hosts } = point ? await flow.at(point, AbortSignal.timeout(10_000)) : flow.now()
  const kept = { seq, placements: Object.fromEntries(placements), hosts: Object.fromEntries(hosts) }
  return JSON.parse(JSON.stringify(kept)) as unknown
}

/** More facts than a segment has events. */
const subject = {
  plugins: [plugin],
  config: { 'storage-lmdb': { segment: 1_024 } },
  facts: 1_100,
  answer: state,
}

describe('the state of an earlier moment, from this storage', () => {
  for (const law of rewindLaws(subject)) it(law.name, law.run, 60_000)
})
