import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore, type LmdbStorage } from '../src/storage.js'

/** A folder for one store; small segments, so that few events bring all that sealing does. */
export interface Place {
  folder: string
  open(segment?: number): Promise<{ storage: LmdbStorage; close(): Promise<void> }>
  /** Resolves when the storage has sealed so far that less than a segment is left. */
  close(): Promise<void>
  remove(): Promise<void>
  /** What background work reported. */
  reports: unknown[]
}

export async function makePlace(usual = 64): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'longshore-store-'))
  const folder = join(root, 'storage-lmdb')
  const opened = new Set<LmdbStorage>()
  const reports: unknown[] = []
  const close = async () => {
    for (const storage of opened) await storage.close()
    opened.clear()
  }
  return {
    folder,
    reports,
    close,
    async open(segment = usual) {
      const storage = await openStore(folder, { segment, report: (error) => reports.push(error) })
      opened.add(storage)
      return { storage, close: () => storage.close() }
    },
    async remove() {
      await close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** Polls until it holds; fails after half a minute. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
