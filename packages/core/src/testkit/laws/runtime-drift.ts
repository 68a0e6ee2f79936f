import assert from 'node:assert/strict'
import type { Law } from '../law.js'
import type { Runtime } from '../../contracts/runtime.js'
import { deadline } from '../../waiting/deadline.js'

const patience = 30_000

/** What of a trial of a runtime is needed here. */
interface Trial {
  subject: { disturb?(service: string): Promise<() => Promise<void>>; reopen(): Promise<Runtime> }
  runtime: Runtime
  apply(number: number, behaviour: 'lasts'): Promise<unknown>
  end(): Promise<void>
}
type Define = (name: string, body: (trial: Trial) => Promise<void>) => Law

/** What a runtime that tells of drift has to tell. One that cannot be disturbed has nothing to show. */
export function driftLaws(define: Define): Law[] {
  const state = (name: string, body: (watched: Watched) => Promise<void>) =>
    define(name, async (trial) => {
      if (!trial.subject.disturb) return
      await trial.apply(1, 'lasts')
      const watched = new Watched(trial)
      await body(watched).finally(() => watched.close())
    })
  return [
    state(
      'watch tells how what runs differs from what was applied, and when it is right again',
      async (watched) => {
        const found = watched.next()
        const mend = await watched.disturb()
        assert.ok((await found) > 0)
        await mend()
        assert.equal(await watched.next(), 0)
      },
    ),
    state('what differs is right again once something is applied, or all is ended', async (watched) => {
      const { trial } = watched
      for (const mend of [() => trial.apply(2, 'lasts'), () => trial.end()]) {
        const found = watched.next()
        await watched.disturb()
        assert.ok((await found) > 0)
        await mend()
        assert.equal(await watched.next(), 0)
      }
    }),
    state('what was changed while nobody watched is told by the next Longshore', async (watched) => {
      await watched.disturb()
      watched.trial.runtime = await watched.trial.subject.reopen()
      assert.ok((await watched.next()) > 0)
    }),
  ]
}

/** A trial, and what is told of drift from the first time on that it is asked for. */
class Watched {
  readonly trial: Trial
  readonly #stop = new AbortController()
  readonly #told: AsyncGenerator<number, undefined>
  #last = 0

  constructor(trial: Trial) {
    this.trial = trial
    this.#told = drifts(trial, AbortSignal.any([this.#stop.signal, deadline(patience)]))
  }

  disturb(): Promise<() => Promise<void>> {
    return this.trial.subject.disturb!('hello')
  }

  /** The number of differences that is told next; the same one may be told as often as it is looked at. */
  async next(): Promise<number> {
    for (;;) {
      const { value } = await this.#told.next()
      assert.ok(value !== undefined, 'nothing else of drift was told in time')
      if (value !== this.#last) return (this.#last = value)
    }
  }

  close(): void {
    this.#stop.abort()
  }
}

async function* drifts(trial: Trial, signal: AbortSignal): AsyncGenerator<number, undefined> {
  for await (const change of trial.runtime.watch(signal)) {
    if (change.kind !== 'drifted') continue
    assert.equal(change.service, 'hello')
    yield change.differences.length
  }
  return undefined
}
