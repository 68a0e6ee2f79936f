import { LongshoreError, UnavailableError } from '@longshore/core'

/** The store cannot be used as it lies there. */
export class StorageError extends LongshoreError {}

/** Part of the store is not what was written: nothing of it is used until it is mended. */
export function damaged(file: string, what: string, cause?: unknown): StorageError {
  return new StorageError('STORAGE_DAMAGED', `${file} is damaged: ${what}`, {
    hint: 'Keep a copy of the data folder, check the disk, and bring a backup back with `longshore restore DIR`.',
    data: { file },
    cause,
  })
}

export function full(cause: unknown): UnavailableError {
  return new UnavailableError('STORAGE_FULL', 'the disk has no room left: nothing of this write was kept', {
    hint: 'Make room on the disk of the data folder; Longshore goes on by itself as soon as there is some.',
    cause,
  })
}

/** After a failed flush nobody knows what the disk holds, so nothing more is written until a start has read it again. */
export function failed(cause: unknown): StorageError {
  return new StorageError('STORAGE_FAILED', `the disk refused a write: ${reasonOf(cause)}`, {
    hint: 'Look at the disk of the data folder (dmesg, smartctl), then start Longshore again.',
    cause,
  })
}

export function closed(): UnavailableError {
  return new UnavailableError('STORAGE_CLOSED', 'the store is closed', {
    hint: 'It is open from the start of Longshore until it stops.',
  })
}

/** Any error of a write, as one of ours. */
export function writeError(cause: unknown): LongshoreError {
  if (cause instanceof LongshoreError) return cause
  return isFull(cause) ? full(cause) : failed(cause)
}

/** The system's and LMDB's ways of saying that there is no room. */
export function isFull(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | undefined)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 28 || code === 122) return true
  return /no space left|quota exceeded|MDB_MAP_FULL/i.test(reasonOf(cause))
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
