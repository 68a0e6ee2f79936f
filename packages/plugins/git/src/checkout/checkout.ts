import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckoutReport } from '@longshore/core'
import type { Limits } from '../config.js'
import { diskFault, notEmpty } from '../errors.js'
import { ObjectReader } from '../repository/objects.js'
import type { Repository } from '../repository/repository.js'
import { listing, readTree } from './tree.js'
import { readingOrder, Writer } from './writer.js'

/** What a checkout is bounded by. */
export interface CheckoutBounds {
  limits: Limits
  /** Milliseconds. */
  timeout: number
}

/**
 * Writes a commit of the repository into an empty directory, or leaves it empty. Git only lists and prints objects here:
 * nothing of the commit decides what is run, and no attribute or filter changes a byte.
 */
export async function checkout(
  repository: Repository,
  sha: string,
  directory: string,
  { limits, timeout }: CheckoutBounds,
  signal: AbortSignal,
): Promise<CheckoutReport> {
  signal.throwIfAborted()
  await mkdir(directory, { recursive: true })
  if ((await readdir(directory)).length > 0) throw notEmpty(directory)
  try {
    const entries = await repository.stream(
      [...listing, sha],
      signal,
      timeout,
      async ({ stdin, stdout, done }) => {
        stdin.end()
        const read = await readTree(stdout as AsyncIterable<Buffer>, limits)
        await done
        return read
      },
    )
    const print = ['cat-file', '--batch', '--buffer']
    return await repository.stream(print, signal, timeout, async (stream) => {
      const objects = new ObjectReader(stream)
      const asking = objects.askAll(readingOrder(entries).map((entry) => entry.sha))
      const [report] = await Promise.all([new Writer(directory, objects, signal).write(entries), asking])
      return report
    })
  } catch (error) {
    await empty(directory)
    signal.throwIfAborted()
    throw diskFault(error)
  }
}

async function empty(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    await rm(join(directory, name), { recursive: true, force: true })
}
