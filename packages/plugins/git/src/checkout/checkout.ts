import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { CheckoutReport } from '@longshore/core'
import type { Limits } from '../config.js'
import { diskFault, notEmpty } from '../errors.js'
import { askAll, ObjectReader, type Answers } from '../repository/objects.js'
import type { Repository } from '../repository/repository.js'
import { isSmall, sizeOf, type CommitFiles } from './listed.js'
import { listing, readTree, type TreeEntry } from './tree.js'
import { readingOrder, Writer } from './writer.js'

const printing = ['cat-file', '--batch', '--buffer']

/** What a checkout is bounded by. */
export interface CheckoutBounds {
  limits: Limits
  /** Milliseconds. */
  timeout: number
}

/** What there is to write out of a commit, judged; nothing of the commit decides what is run. */
export async function listFiles(
  repository: Repository,
  sha: string,
  { limits, timeout }: CheckoutBounds,
  signal: AbortSignal,
): Promise<CommitFiles> {
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
  if (!isSmall(entries)) return { entries }
  const shas = shasOf(entries)
  const asked = `${shas.join('\n')}\n`
  const printed =
    shas.length === 0 ? Buffer.alloc(0) : await repository.read(printing, signal, sizeOf(entries), asked)
  return { entries, printed }
}

/**
 * Writes what `list` answers of a commit into an empty directory, or leaves it empty. Git only prints objects here: no
 * attribute or filter changes a byte.
 */
export async function checkout(
  repository: Repository,
  list: () => Promise<CommitFiles>,
  directory: string,
  bounds: CheckoutBounds,
  signal: AbortSignal,
): Promise<CheckoutReport> {
  signal.throwIfAborted()
  await mkdir(directory, { recursive: true })
  if ((await readdir(directory)).length > 0) throw notEmpty(directory)
  try {
    const { entries, printed } = await list()
    const write = (stream: Answers) => new Writer(directory, new ObjectReader(stream), signal).write(entries)
    return printed
      ? await write({ stdout: Readable.from([printed]) })
      : await print(repository, entries, bounds, signal, write)
  } catch (error) {
    await empty(directory)
    signal.throwIfAborted()
    throw diskFault(error)
  }
}

/** The files as they are asked for, while they are written. */
function print<T>(
  repository: Repository,
  entries: readonly TreeEntry[],
  { timeout }: CheckoutBounds,
  signal: AbortSignal,
  write: (stream: Answers) => Promise<T>,
): Promise<T> {
  return repository.stream(printing, signal, timeout, async (stream) => {
    const asking = askAll(stream.stdin, shasOf(entries))
    const [report] = await Promise.all([write(stream), asking])
    return report
  })
}

function shasOf(entries: readonly TreeEntry[]): string[] {
  return readingOrder(entries).map(({ sha }) => sha)
}

async function empty(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    await rm(join(directory, name), { recursive: true, force: true })
}
