import type { Storage } from '../contracts/storage.js'
import type { Clock } from '../kernel/clock.js'
import type { Logger } from '../kernel/logger.js'
import type { Moment } from './moment.js'
import { Rewind } from './rewind.js'
import { Snapshots, snapshotEvery } from './snapshots.js'

interface Parts {
  storage: Storage
  clock: Clock
  log: Logger
  /** Events between two snapshots. */
  every: number | undefined
  now(): Moment
}

/** What has been: the snapshots of the state, and the way back to any moment since the first of them. */
export class Past {
  readonly snapshots: Snapshots
  readonly rewind: Rewind

  constructor({ every = snapshotEvery, ...parts }: Parts) {
    this.snapshots = new Snapshots({ ...parts, every })
    this.rewind = new Rewind({ ...parts, snapshots: this.snapshots })
  }

  /** To be told of everything that is durable. */
  readonly told = (seq: number, now: () => Moment): void => this.snapshots.told(seq, now)
}
