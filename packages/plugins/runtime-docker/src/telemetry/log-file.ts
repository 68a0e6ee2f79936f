import { watch, type FSWatcher } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bell } from '@longshore/core'
import type { ContainerDetails } from '../schema.js'
import { JsonLines } from './json-lines.js'
import type { Line } from './records.js'
import { headOf, type OlderFile } from './older-files.js'
import { afterFile, findPlace, fromLast, fromTime, type Start } from './start.js'

/** Bytes of one read: they double while all of them come. */
const readBytes = { least: 8 * 1024, most: 128 * 1024 }
/** Milliseconds between two reads when not much comes: what is written meanwhile comes at once. */
const gathering = 2
/** Bytes by which one who looks at what comes may be behind, and those that are left when the rest is skipped. */
const behind = { most: 32 * 2 ** 20, left: 2 ** 20 }

/** Milliseconds between two tries to find all files as they are named, and how often: one is turned away in the middle. */
const renaming = { pause: 2, tries: 100 }

/** What one read brought. */
export interface Read {
  lines: Line[]
  /** The reader is too far behind: these lines are only counted. */
  skip: boolean
  /** Records among them that could not be read. */
  unread: number
}

/** What a reader holds open. */
interface Held {
  file: FileHandle
  /** Of the file while it has its name. */
  watcher?: FSWatcher
  /** What is to be read before the file, the oldest first. */
  older: OlderFile[]
}

/**
 * The file in which the engine's log driver json-file keeps what a container prints, where this process may read it: telling a
 * line costs an engine more than writing it. What the driver has turned away lies beside it, and is read first where it is
 * asked for: an engine of 20.10 mixes up compressed files when two ask for them.
 */
export class LogFile {
  readonly #path: string
  readonly #id: string
  readonly #bell = new Bell()
  #held: Held
  #lines: JsonLines
  /** Records of the oldest file that are not wanted. */
  #unwanted = 0
  /** Where to read on. */
  #at: number | undefined
  /** Bytes that were there when it was opened. */
  #size: number
  #span = readBytes.least
  #asked = -Infinity
  /** Something was written, or the container has ended, since the last read began. */
  #changed = false
  /** The file may have another name by now. */
  #moved = false
  #skip = false

  private constructor(path: string, id: string, file: FileHandle, size: number) {
    this.#path = path
    this.#id = id
    this.#held = { file, watcher: this.#watch(), older: [] }
    this.#size = size
    this.#lines = new JsonLines(id)
  }

  /** Undefined where the log is not in such a file, or not for this process. */
  static async open({ Id, LogPath, HostConfig }: ContainerDetails): Promise<LogFile | undefined> {
    if (HostConfig.LogConfig?.Type !== 'json-file' || basename(LogPath) !== `${Id}-json.log`) return undefined
    const file = await open(LogPath).catch(() => undefined)
    try {
      const found = await file?.stat()
      if (file && found?.isFile()) return new LogFile(LogPath, Id, file, found.size)
    } catch {
      // It cannot be watched: the engine tells it.
    }
    await file?.close()
    return undefined
  }

  /** Whether it is known where to read on. */
  get placed(): boolean {
    return this.#at !== undefined
  }

  /** Whether all was read that was there when it was opened. */
  get caughtUp(): boolean {
    return this.#held.older.length === 0 && (this.#at ?? 0) >= this.#size
  }

  /** Begins at a time (ms of the epoch), or a little before; at the last records of what is there; or with all of it. */
  async seek({ since, tail }: { since?: number | undefined; tail?: number | undefined }): Promise<void> {
    await this.#begin(() => (tail === undefined ? fromTime(since) : fromLast(tail)))
    this.#lines = new JsonLines(this.#id)
  }

  /**
   * What comes, and undefined when there is nothing more yet; ends when the container has ended and all is read. `live`: who
   * is far behind skips to what comes.
   */
  async *read(ended: Promise<void>, live: boolean, signal: AbortSignal): AsyncGenerator<Read | undefined> {
    const over = this.#hear(ended)
    while (this.#at !== undefined && !signal.aborted) {
      // What was written before the end is there when it is heard of.
      const last = over.is
      const bytes = (await this.#readOlder()) ?? (await this.#read(this.#at))
      if (bytes) yield await this.#take(bytes, live)
      else if (await this.#isEmptied()) continue
      else if (await this.#isTurned()) await this.#turn()
      else if (last) {
        yield { lines: this.#lines.end(), skip: this.#skip, unread: 0 }
        return
      } else {
        yield undefined
        if (!this.#changed) await this.#bell.heard(signal)
      }
    }
  }

  async close(): Promise<void> {
    await letGo(this.#held)
  }

  #hear(ended: Promise<void>): { is: boolean } {
    const over = { is: false }
    void ended.then(() => {
      over.is = true
      this.#tell()
    })
    return over
  }

  #watch(): FSWatcher {
    return watch(this.#path, { persistent: false }, (event) => {
      if (event === 'rename') this.#moved = true
      this.#tell()
    }).on('error', () => undefined)
  }

  #tell(): void {
    this.#changed = true
    this.#bell.ring()
  }

  async #readOlder(): Promise<Buffer | undefined> {
    const { older } = this.#held
    for (let oldest = older[0]; oldest; oldest = older[0]) {
      const bytes = await oldest.next(this.#unwanted)
      if (bytes) return bytes
      older.shift()
      this.#unwanted = 0
      await oldest.close()
    }
    return undefined
  }

  async #read(at: number): Promise<Buffer | undefined> {
    const early = gathering - (performance.now() - this.#asked)
    if (this.#span === readBytes.least && early > 0) await sleep(Math.ceil(early))
    this.#asked = performance.now()
    this.#changed = false
    const buffer = Buffer.allocUnsafeSlow(this.#span)
    const { bytesRead } = await this.#held.file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return undefined
    this.#at = at + bytesRead
    const all = bytesRead === buffer.length
    this.#span = all ? Math.min(2 * this.#span, readBytes.most) : readBytes.least
    // A copy: a view of a few bytes would keep all of them alive.
    return all ? buffer : Buffer.from(buffer.subarray(0, bytesRead))
  }

  async #take(bytes: Buffer, live: boolean): Promise<Read> {
    const begins = this.#lines.whole
    const lines = this.#lines.push(bytes)
    if (live && (this.#skip || bytes.length === readBytes.most)) {
      const left = (await this.#held.file.stat()).size - this.#at!
      // The rest of a line whose beginning was skipped is skipped too.
      this.#skip = this.#skip ? left > behind.left || !begins : left > behind.most
    }
    return { lines, skip: this.#skip, unread: this.#lines.unread }
  }

  /** Whether somebody emptied the file: then it is read from its beginning. */
  async #isEmptied(): Promise<boolean> {
    if ((await this.#held.file.stat()).size >= this.#at!) return false
    this.#at = 0
    this.#lines = new JsonLines(this.#id)
    return true
  }

  /** Whether the driver has begun another file and all of this one is read. */
  async #isTurned(): Promise<boolean> {
    if (!this.#moved) return false
    // First the name: nothing is written any more to a file that has lost it.
    const named = await stat(this.#path).catch(() => undefined)
    const own = await this.#held.file.stat()
    return named !== undefined && named.ino !== own.ino && own.size === this.#at
  }

  /** Goes on in the file after the one that was read, or, where that is gone, in the oldest that is left. */
  async #turn(): Promise<void> {
    const head = await headOf(this.#held.file)
    await this.#begin(() => afterFile(head))
  }

  /** Takes the file that has the name now, and those before it, from where the start is. */
  async #begin(start: () => Start): Promise<void> {
    for (let tries = renaming.tries; tries > 0; tries--) {
      try {
        if (await this.#tryToBegin(start())) return
      } catch (error) {
        if (tries === 1 || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
      await sleep(renaming.pause)
    }
    throw new Error(`${this.#path} is turned away faster than it can be opened`)
  }

  /** Answers whether the file kept its name meanwhile: else others may be older by one than they were. */
  async #tryToBegin(start: Start): Promise<boolean> {
    const held: Held = { file: await open(this.#path), older: [] }
    let left = held
    try {
      this.#moved = false
      held.watcher = this.#watch()
      const { older, unwanted, offset } = await findPlace(this.#path, held.file, start)
      held.older = older
      const [own, named] = [await held.file.stat(), await stat(this.#path)]
      if (named.ino !== own.ino) return false
      left = this.#held
      this.#held = held
      this.#unwanted = unwanted
      this.#at = offset
      this.#size = own.size
      return true
    } finally {
      // Until it is tried again: what was held has lost its name.
      this.#moved ||= left === held
      await letGo(left)
    }
  }
}

async function letGo({ file, watcher, older }: Held): Promise<void> {
  watcher?.close()
  await Promise.all([file, ...older].map((each) => each.close()))
}
