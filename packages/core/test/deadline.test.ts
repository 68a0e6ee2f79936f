import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, it } from 'vitest'
import { deadline } from '../src/index.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What aborts a signal of which nobody holds more than this. */
function reasonOf(make: () => AbortSignal): Promise<unknown> {
  const signal = make()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))
}

describe('a deadline', () => {
  it('comes, also for those who know it through other signals, whatever is collected meanwhile', async () => {
    const other = new AbortController()
    const reasons = [
      reasonOf(() => deadline(300)),
      reasonOf(() => AbortSignal.any([other.signal, deadline(300)])),
      reasonOf(() => AbortSignal.any([other.signal, AbortSignal.any([deadline(300)])])),
    ]
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setImmediate(resolve))
      collectGarbage()
    }
    for (const reason of await Promise.all(reasons)) assert.equal((reason as Error).name, 'TimeoutError')
  })

  it('leaves alone what was ended before by another', async () => {
    const other = new AbortController()
    const reason = reasonOf(() => AbortSignal.any([other.signal, deadline(10_000)]))
    other.abort('enough')
    assert.equal(await reason, 'enough')
  })
})
