import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { overLimit } from '../errors.js'

/** Milliseconds between two looks at what a fetch has written. */
const look = 500

/** Ends the work when a folder has grown by more than so many bytes: git itself has no such limit on a fetch. */
export async function bounded<T>(
  folder: string,
  bytes: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController()
  const abort = () => ending.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  const before = folderSize(folder)
  const timer = setInterval(() => {
    void Promise.all([before, folderSize(folder)]).then(([from, to]) => {
      if (to - from > bytes) ending.abort(overLimit('the fetch brings too much', `${bytes} bytes`))
    })
  }, look)
  try {
    return await work(ending.signal)
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', abort)
  }
}

async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
