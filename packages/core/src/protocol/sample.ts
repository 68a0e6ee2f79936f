import { z } from 'zod'
import { Timestamp } from './names.js'

const count = z.number().nonnegative()

/** What one instance uses at one moment. What its system does not tell is absent, never zero. */
export const Sample = z.strictObject({
  time: Timestamp,
  instance: z.string(),
  /** Percent of one CPU since the sample before, absent in an instance's first: 150 is one and a half. */
  cpu: count.optional(),
  /** Bytes in use, without caches that can be given back. */
  memory: count.optional(),
  /** Bytes that it may use; absent without a limit. */
  memoryLimit: count.optional(),
  /**
   * Bytes since the instance began. Network: without loopback, absent for an instance in the host's own network. Block:
   * what went from and to devices, not what a cache served.
   */
  networkIn: count.optional(),
  networkOut: count.optional(),
  blockRead: count.optional(),
  blockWritten: count.optional(),
  /** Processes and threads. */
  pids: count.optional(),
})
export type Sample = z.infer<typeof Sample>
