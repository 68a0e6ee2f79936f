import type { Storage } from '../../contracts/storage.js'

export interface OpenedStorage {
  storage: Storage
  close(): Promise<void>
}

/** Where a store can be opened, closed and opened again; `remove` closes what is open and leaves nothing. */
export interface StoragePlace {
  open(): Promise<OpenedStorage>
  /** Closes what is open, and keeps it. */
  close(): Promise<void>
  remove(): Promise<void>
}
