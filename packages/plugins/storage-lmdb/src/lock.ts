import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { tryLock } from 'fs-native-extensions'
import { RefusedError } from '@longshore/core'

/**
 * Locks the file for this process, or refuses with STORAGE_LOCKED. The system holds the lock for the open file and
 * lets it go when the process ends, however it ends: there is no stale lock to clear. Answers how to let it go.
 */
export function lockFile(path: string): () => void {
  const file = openSync(path, 'a+', 0o600)
  if (!tryLock(file)) {
    const holder = readFileSync(path, 'utf8').trim()
    closeSync(file)
    throw new RefusedError(
      'STORAGE_LOCKED',
      `another Longshore has this store open${holder && `: process ${holder}`}`,
      {
        hint: 'Stop that one first, or give this one a data folder of its own.',
        data: { path, pid: Number(holder) || undefined },
      },
    )
  }
  // Only for people: what counts is the lock, not what stands in the file.
  ftruncateSync(file)
  writeSync(file, `${process.pid}\n`)
  return () => closeSync(file)
}
