import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openEnvironment, table, writeTogether, type Environment, type Table } from './client.js'
import { damaged, StorageError } from './errors.js'
import { journalName } from './names.js'
import { checkPages } from './page-check.js'

/** The newest format that this version writes and reads. */
export const format = 2

/** Changes a store of one format into the next, with writes only: they become one atomic write with the new number. */
export type Migration = (file: JournalFile) => void

/** By the format that they start from. */
const known: Record<number, Migration> = {
  // From 2 on segments hold blocks. Those of format 1 stay as they are: a segment knows how to read either.
  1: () => undefined,
}

/** The one file that changes: the events that are not sealed yet, the documents, the catalogue of segments. */
export interface JournalFile {
  environment: Environment
  /** Encoded events by seq. */
  events: Table<number>
  /** Documents as JSON by [collection, key]. */
  documents: Table<string[]>
  /** Segment entries as JSON by first seq. */
  segments: Table<number>
  /** Numbers as JSON: `format`; `first`: the seq of the oldest event kept. */
  numbers: Table<string>
}

/**
 * Opens the file, or makes it. Refuses with STORAGE_DAMAGED what is not whole and with STORAGE_NEWER a format of a
 * later version; brings an older one up to now.
 */
export async function openJournalFile(
  folder: string,
  { target = format, migrations = known }: { target?: number; migrations?: Record<number, Migration> } = {},
): Promise<JournalFile> {
  const path = join(folder, journalName)
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > 0) checkPages(path)
  const file = openTables(path, 'live')
  try {
    if (isNew(file)) await setNumbers(file, { format: target, first: 1 })
    else await migrate(file, target, migrations)
    return file
  } catch (error) {
    await file.environment.close()
    throw error
  }
}

/** Made just now, or by a start that ended before its first write. */
function isNew({ numbers, events, documents, segments }: JournalFile): boolean {
  return [numbers, events, documents, segments].every(
    (table) => [...table.getKeys({ limit: 1 })].length === 0,
  )
}

/** Opens the file only to read it: of any format that this version knows, and without a change to its folder. */
export async function readJournalFile(folder: string): Promise<JournalFile> {
  const path = join(folder, journalName)
  checkPages(path)
  const file = openTables(path, 'read')
  try {
    checkFormat(file, format)
    return file
  } catch (error) {
    await file.environment.close()
    throw error
  }
}

export function numberOf(file: JournalFile, name: 'format' | 'first'): number {
  const bytes = file.numbers.get(name)
  const number = bytes && Number(bytes.toString())
  if (!Number.isSafeInteger(number)) throw damaged(journalName, `its ${name} cannot be read`)
  return number as number
}

export function setNumbers(
  file: JournalFile,
  numbers: { format?: number; first?: number },
  more: () => void = () => undefined,
): Promise<void> {
  return writeTogether(file.environment, () => {
    for (const [name, number] of Object.entries(numbers))
      void file.numbers.put(name, Buffer.from(String(number)))
    more()
  })
}

async function migrate(
  file: JournalFile,
  target: number,
  migrations: Record<number, Migration>,
): Promise<void> {
  const found = numberOf(file, 'format')
  if (found > target) {
    throw new StorageError(
      'STORAGE_NEWER',
      `the store has format ${found}; this version knows up to ${target}`,
      {
        hint: 'Run the Longshore that wrote it or a later one, or restore a backup that this version made.',
      },
    )
  }
  for (let from = found; from < target; from++) {
    const migration = migrations[from]
    if (!migration) throw damaged(journalName, `nothing leads from format ${from} to ${from + 1}`)
    await setNumbers(file, { format: from + 1 }, () => migration(file))
  }
}

function checkFormat(file: JournalFile, target: number): number {
  const found = numberOf(file, 'format')
  if (found <= target) return found
  throw new StorageError(
    'STORAGE_NEWER',
    `the store has format ${found}; this version knows up to ${target}`,
    {
      hint: 'Run the Longshore that wrote it or a later one, or restore a backup that this version made.',
    },
  )
}

function openTables(path: string, use: 'live' | 'read'): JournalFile {
  const environment = openEnvironment(path, use)
  return {
    environment,
    events: table<number>(environment, 'events'),
    documents: table<string[]>(environment, 'documents'),
    segments: table<number>(environment, 'segments'),
    numbers: table<string>(environment, 'numbers'),
  }
}
