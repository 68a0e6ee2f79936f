import assert from 'node:assert/strict'
import { setTimeout as rest } from 'node:timers/promises'
import type { CheckTarget, HealthProbe, Verdict } from '../../contracts/health-probe.js'
import { deadline } from '../../waiting/deadline.js'
import { lawsOf, type Law } from '../law.js'

/** A probe under test, and what it can look at. */
export interface ProbeSubject {
  probe: HealthProbe
  well: CheckTarget
  ill: CheckTarget
  /** It never answers. */
  hangs: CheckTarget
  /** What looks have left open at their targets: connections, processes. */
  open(): Promise<number>
  close(): Promise<void>
}

/** Milliseconds that a look may take to end once its signal has aborted. */
const ending = 1_000

/** The law of HealthProbe, a test each. */
export function healthProbeLaws(make: () => Promise<ProbeSubject>): Law[] {
  const law = lawsOf(make)
  const look = ({ probe }: ProbeSubject, target: CheckTarget) => probe.check(target, deadline(10_000))
  return [
    law('what is well is healthy', async (subject) => {
      assert.equal((await look(subject, subject.well)).state, 'healthy')
    }),
    law('what is ill is a verdict with a reason, not an exception', async (subject) => {
      const verdict = await look(subject, subject.ill)
      assert.equal(verdict.state, 'unhealthy')
      assert.ok(verdict.state === 'unhealthy' && verdict.reason.length > 0, 'it says why')
    }),
    law('a look ends with its signal, also where the target hangs', async ({ probe, hangs, open }) => {
      const began = performance.now()
      const verdict = await ended(probe.check(hangs, deadline(100)))
      assert.ok(performance.now() - began < 100 + ending, 'it ends with its signal')
      assert.notEqual(verdict?.state, 'healthy')
      await nothingOpen(open)
    }),
    law('a look that nobody wants any more does not begin', async ({ probe, well, open }) => {
      const verdict = await ended(probe.check(well, AbortSignal.abort(new Error('nobody wants it'))))
      assert.notEqual(verdict?.state, 'unhealthy')
      await nothingOpen(open)
    }),
    law('looks at the same time share nothing, and leave nothing behind', async (subject) => {
      const { well, ill, hangs, probe, open } = subject
      const hanging = [0, 1, 2].map(() => ended(probe.check(hangs, deadline(500))))
      const looks = Array.from({ length: 40 }, (_, index) => look(subject, index % 2 === 0 ? well : ill))
      const states = (await Promise.all(looks)).map(({ state }) => state)
      assert.deepEqual([...new Set(states.filter((_, index) => index % 2 === 0))], ['healthy'])
      assert.deepEqual([...new Set(states.filter((_, index) => index % 2 === 1))], ['unhealthy'])
      await Promise.all(hanging)
      await nothingOpen(open)
    }),
  ]
}

/** The verdict, if there is one: a look that was ended may also throw. */
async function ended(looking: Promise<Verdict>): Promise<Verdict | undefined> {
  return looking.catch(() => undefined)
}

async function nothingOpen(open: () => Promise<number>): Promise<void> {
  for (const from = performance.now(); (await open()) > 0; await rest(10))
    assert.ok(performance.now() - from < 5_000, 'a look left something behind')
}
