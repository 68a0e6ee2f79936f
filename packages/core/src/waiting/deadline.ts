import { DeadlineError } from '../kernel/errors.js'

/**
 * A signal that aborts after so many milliseconds, with a `TimeoutError`. Instead of `AbortSignal.timeout`: Node 20 forgets one of
 * those that nobody but an `AbortSignal.any` listens to, and then nothing aborts at all.
 */
export function deadline(milliseconds: number): AbortSignal {
  const controller = new AbortController()
  const late = () => controller.abort(new DOMException(`took longer than ${milliseconds} ms`, 'TimeoutError'))
  setTimeout(late, milliseconds).unref()
  return controller.signal
}

/**
 * Waits for the work at most so many milliseconds. The work is given a signal that aborts at the deadline, or when
 * `parent` does; the wait ends then in any case, also when the work does not listen.
 */
export async function within<T>(
  milliseconds: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort(parent!.reason)
  if (parent?.aborted) abort()
  parent?.addEventListener('abort', abort, { once: true })
  const timer = setTimeout(() => {
    controller.abort(
      new DeadlineError('DEADLINE', `${what} took longer than ${milliseconds} ms`, {
        hint: 'Give it more time in the config, or find out what it waits for.',
      }),
    )
  }, milliseconds)
  const { signal } = controller
  try {
    return await new Promise<T>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      work(signal).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    parent?.removeEventListener('abort', abort)
  }
}
