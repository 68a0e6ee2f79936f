import { constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { InputError, LongshoreError } from '@longshore/core'
import { isFull, StorageError } from './errors.js'
import { readJournalFile, type JournalFile } from './journal-file.js'
import { lockFile } from './lock.js'
import { checkSegment, flush, segmentPath, type SegmentEntry } from './segment-file.js'
import { readCatalogue, type Segments } from './segments.js'
import { folderName, journalName, lockName, segmentsName } from './names.js'

/**
 * Copies a live store. The segments never change and the journal file is copied as of one moment; it gets its name
 * last, so that a directory with a journal file is a whole backup. The copy is opened and checked before it counts.
 */
export async function backupStore(file: JournalFile, segments: Segments, directory: string): Promise<void> {
  if (!isEmpty(directory)) {
    throw new InputError('BACKUP_EXISTS', `${directory} is not empty`, {
      hint: 'Name a directory that is empty or absent.',
    })
  }
  const partial = join(directory, `${journalName}.partial`)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    await file.environment.backup(partial, false)
    const entries = segments.list.map(({ entry }) => entry)
    await copySegments(segments.folder, join(directory, segmentsName), entries)
    finish(partial, directory)
    await checkBackup(directory)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw backupError(error)
  }
}

/** Opens and checks a backup: the trees of its journal file, every byte of its segments. Answers its catalogue. */
export async function checkBackup(directory: string): Promise<SegmentEntry[]> {
  if (!existsSync(join(directory, journalName))) {
    throw new InputError('BACKUP_UNKNOWN', `${directory} holds no backup, or one that was not finished`, {
      hint: 'A backup is a directory that `longshore backup DIR` wrote to its end.',
    })
  }
  const file = await readJournalFile(directory)
  const entries = readCatalogue(file.segments)
  await file.environment.close()
  rmSync(join(directory, `${journalName}-lock`), { force: true })
  for (const entry of entries)
    await checkSegment(segmentPath(join(directory, segmentsName), entry.first), entry)
  return entries
}

/**
 * Puts a backup in place of a store that does not exist yet, in the data folder of a Longshore that does not run.
 * Refuses with STORAGE_NOT_EMPTY when there is a store, and with STORAGE_DAMAGED a backup that is not whole.
 */
export async function restore(from: string, dataFolder: string): Promise<void> {
  const folder = join(dataFolder, folderName)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unlock = lockFile(join(folder, lockName))
  const partial = join(folder, `${journalName}.partial`)
  try {
    if (existsSync(join(folder, journalName))) {
      throw new StorageError('STORAGE_NOT_EMPTY', `there is a store in ${folder} already`, {
        hint: 'Move it away first: a restore never overwrites one.',
      })
    }
    const entries = await checkBackup(from)
    await copyFile(join(from, journalName), partial, constants.COPYFILE_FICLONE)
    await copySegments(join(from, segmentsName), join(folder, segmentsName), entries)
    finish(partial, folder)
  } catch (error) {
    rmSync(partial, { force: true })
    throw backupError(error)
  } finally {
    unlock()
  }
}

async function copySegments(from: string, to: string, entries: SegmentEntry[]): Promise<void> {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  for (const { first } of entries) {
    const copy = segmentPath(to, first)
    await copyFile(segmentPath(from, first), copy, constants.COPYFILE_FICLONE)
    flush(copy)
  }
  flush(to)
}

function finish(partial: string, directory: string): void {
  flush(partial)
  renameSync(partial, join(directory, basename(partial, '.partial')))
  flush(directory)
}

function isEmpty(directory: string): boolean {
  return !existsSync(directory) || readdirSync(directory).length === 0
}

function backupError(error: unknown): unknown {
  if (error instanceof LongshoreError) return error
  if (isFull(error)) {
    return new StorageError(
      'BACKUP_FULL',
      'the disk of the copy has no room left; nothing of the copy was kept',
      {
        hint: 'Make room there, or name a directory on another disk.',
        cause: error,
      },
    )
  }
  return new StorageError('BACKUP_FAILED', `the copy could not be made: ${(error as Error).message}`, {
    hint: 'Look at the rights and the disk of the directory.',
    cause: error,
  })
}
