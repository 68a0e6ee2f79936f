import { pause } from './deadline.js'
import { ApiError, UnreachableError } from './errors.js'

/** Times that something is asked for, and milliseconds before it is asked again, doubled each time. */
const tries = { most: 4, wait: 500 }

/** A key for `Idempotency-Key`: what is asked for by it again is done once. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Does it again after a lost connection, or when the server is too busy to begin with it. */
export async function again<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  for (let tried = 1, wait = tries.wait; ; tried++, wait *= 2) {
    try {
      return await work()
    } catch (error) {
      const passing = error instanceof UnreachableError || (error instanceof ApiError && error.status === 503)
      if (!passing || tried >= tries.most || signal?.aborted) throw error
      await pause(wait, signal)
    }
  }
}
