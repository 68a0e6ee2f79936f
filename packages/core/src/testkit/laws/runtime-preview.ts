import assert from 'node:assert/strict'
import type { ApplyContext, Plan, Runtime } from '../../contracts/runtime.js'
import { Preview } from '../../protocol/index.js'
import { deadline } from '../../waiting/deadline.js'
import type { Law } from '../law.js'

/** What of a trial of a runtime is needed here. */
interface Trial {
  subject: { alive(service: string): Promise<number> }
  runtime: Runtime
  apply(number: number, behaviour: 'lasts'): Promise<unknown>
  found(): Promise<string[]>
  plan(number: number, behaviour: 'lasts', service: string): Plan
}
type Define = (name: string, body: (trial: Trial) => Promise<void>) => Law

/** What a runtime owes that tells what it would do. */
export function previewLaws(define: Define): Law[] {
  return [
    define('preview tells what apply would do, and touches nothing', async (trial) => {
      if (!trial.runtime.preview) return
      const first = await preview(trial, 1)
      assert.ok(first.changes.some(({ what }) => what === 'create'))
      assert.ok(first.changes.every(({ what }) => what !== 'remove' && what !== 'replace'))
      assert.equal(await trial.subject.alive('hello'), 0)
      assert.deepEqual(await trial.found(), [])

      await trial.apply(1, 'lasts')
      const before = await trial.runtime.find()
      const second = await preview(trial, 2)
      assert.ok(second.changes.length > 0)
      assert.deepEqual(await trial.runtime.find(), before)
      assert.equal(await trial.subject.alive('hello'), 1)
    }),
  ]
}

async function preview(trial: Trial, number: number): Promise<Preview> {
  const context: ApplyContext = {
    signal: deadline(30_000),
    output: { write: async () => undefined },
    secret: () => Promise.reject(new Error('no secret is asked for')),
    aside: (work) => work(),
  }
  return Preview.parse(await trial.runtime.preview!(trial.plan(number, 'lasts', 'hello'), context))
}
