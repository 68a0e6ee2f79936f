import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { open, type Database, type RootDatabase } from 'lmdb'

export type Table<K extends string | number | string[]> = Database<Buffer, K>
/** A file of LMDB: its tables, and its writes. */
export type Environment = RootDatabase<Buffer, string>

/** A named table of raw bytes. `uint32` keys are whole numbers below 2^32 and cost least. */
export function table<K extends string | number | string[]>(
  environment: Environment,
  name: string,
  keys: 'ordered-binary' | 'uint32' = 'ordered-binary',
): Table<K> {
  return environment.openDB<Buffer, K>(name, { encoding: 'binary', keyEncoding: keys })
}

const paths = new WeakMap<Environment, string>()
/** errno of an input/output error. */
const ioError = 5
/** Bytes: a disk with less free has no room. */
const noRoom = 2 ** 20

/** `live`: a resolved write is flushed. `bulk`: nothing is, its writer flushes the file at the end. */
export function openEnvironment(path: string, use: 'live' | 'bulk' | 'read'): Environment {
  const environment = open<Buffer, string>({
    path,
    noSubdir: true,
    encoding: 'binary',
    maxDbs: 8,
    // A commit is written, flushed and only then visible: what a reader sees is durable.
    overlappingSync: false,
    noSync: use === 'bulk',
    readOnly: use === 'read',
    // Writes are grouped by their caller, which knows what belongs together.
    eventTurnBatching: false,
  })
  paths.set(environment, path)
  return environment
}

/** Puts a record behind every other of the table: its pages fill up whole, where a plain put leaves them half empty. */
export function putLast(table: Table<number>, key: number, value: Buffer): void {
  // The option is documented, but only the types of putSync know it.
  void table.put(key, value, { append: true } as never)
}

/**
 * Runs the writes of `put` as one atomic, flushed write. Everything must be encoded before: a throw in between would
 * keep the first half.
 */
export async function writeTogether(environment: Environment, put: () => void): Promise<void> {
  try {
    await environment.batch(put)
  } catch (error) {
    // LMDB says why in a promise of its own, which nobody else looks at.
    const reason = (error as { commitError?: Promise<unknown> }).commitError
    throw truly(reason ? await reason.catch((cause: unknown) => cause) : error, paths.get(environment)!)
  }
}

/** LMDB calls a write that fell short an input/output error (mdb_page_flush): on a full disk that is all it was. */
function truly(cause: unknown, path: string): unknown {
  if ((cause as { code?: unknown } | undefined)?.code !== ioError) return cause
  const { bavail, bsize } = statfsSync(dirname(path))
  if (bavail * bsize >= noRoom) return cause
  return Object.assign(new Error('no space left on device: a write fell short', { cause }), {
    code: 'ENOSPC',
  })
}
