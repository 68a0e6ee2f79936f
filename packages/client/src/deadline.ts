import { UnreachableError } from './errors.js'

/** A signal that aborts with the given one, or after so many milliseconds, unless `met` was called before. */
export interface Deadline {
  readonly signal: AbortSignal
  /** The time does not count any more; the given signal still does. */
  met(): void
  /** Nothing of it is needed any more. */
  end(): void
}

export function deadline(milliseconds: number, place: string, given: AbortSignal | undefined): Deadline {
  const life = new AbortController()
  const follow = () => life.abort(given!.reason)
  if (given?.aborted) follow()
  given?.addEventListener('abort', follow, { once: true })
  const timer = setTimeout(() => life.abort(late(place, milliseconds)), milliseconds)
  const met = () => clearTimeout(timer)
  const end = () => {
    met()
    given?.removeEventListener('abort', follow)
  }
  return { signal: life.signal, met, end }
}

function late(place: string, milliseconds: number): UnreachableError {
  return new UnreachableError(
    'API_SLOW',
    `Longshore at ${place} gave no answer in ${milliseconds / 1_000} s`,
    {
      hint: 'Ask again; when it lasts, look at its log and at the load of its machine.',
    },
  )
}

/** Waits so many milliseconds, or until the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done)
  })
}
