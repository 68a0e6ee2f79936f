import { watch, type FSWatcher } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bell } from '@longshore/core'
import type { ContainerDetails } from '../schema.js'
import { JsonLines } from './json-lines.js'
import type { Line } from './records.js'
import { offsetOfLast, offsetOfTime } from './seek.js'

/** Bytes of one read: they double while all of them come. */
const readBytes = { least: 8 * 1024, most: 128 * 1024 }
/** Milliseconds between two reads when not much comes: what is written meanwhile comes at once. */
const gathering = 2
/** Bytes by which one who looks at what comes may be behind, and those that are left when the rest is skipped. */
const behind = { most: 32 * 2 ** 20, left: 2 ** 20 }

/** Bytes in which a compressed file tells of itself (RFC 1952, FEXTRA). */
const headBytes = 512

/** What one read brought. */
export interface Read {
  lines: Line[]
  /** The reader is too far behind: these lines are only counted. */
  skip: boolean
  /** Records among them that could not be read. */
  unread: number
}

/**
 * The file in which the engine's log driver json-file keeps what a container prints, where this process may read it: telling a
 * line costs an engine more than writing it. What the driver has turned into older files is asked of the engine.
 */
export class LogFile {
  readonly #path: string
  readonly #id: string
  readonly #bell = new Bell()
  #file: FileHandle
  #watcher: FSWatcher
  #lines: JsonLines
  /** Where to read on. */
  #at: number | undefined
  /** Bytes that were there when it was opened. */
  readonly #size: number
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
    this.#file = file
    this.#size = size
    this.#lines = new JsonLines(id)
    this.#watcher = this.#watch()
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
    return (this.#at ?? 0) >= this.#size
  }

  /**
   * Where to begin: at a time (ms of the epoch), or a little before; at the last records of what is there; or with all of it.
   * Answers whether the file goes back that far.
   */
  async seek({ since = -Infinity, tail }: { since?: number; tail?: number }): Promise<boolean> {
    const file = this.#file
    const found = tail === undefined ? await offsetOfTime(file, since) : await offsetOfLast(file, tail)
    if (found === undefined && (await this.#hasOlder())) return false
    this.rewind(found)
    return true
  }

  /** Goes to the file's beginning, or to where a record begins. */
  rewind(to = 0): void {
    this.#at = to
    this.#lines = new JsonLines(this.#id)
  }

  /**
   * What comes, and undefined when there is nothing more yet; ends when the container has ended and all is read, or when the
   * place is lost. `live`: who is far behind skips to what comes.
   */
  async *read(ended: Promise<void>, live: boolean, signal: AbortSignal): AsyncGenerator<Read | undefined> {
    const over = this.#hear(ended)
    while (this.#at !== undefined && !signal.aborted) {
      // What was written before the end is there when it is heard of.
      const last = over.is
      const bytes = await this.#read(this.#at)
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
    this.#watcher.close()
    await this.#file.close()
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

  async #read(at: number): Promise<Buffer | undefined> {
    const early = gathering - (performance.now() - this.#asked)
    if (this.#span === readBytes.least && early > 0) await sleep(Math.ceil(early))
    this.#asked = performance.now()
    this.#changed = false
    const buffer = Buffer.allocUnsafeSlow(this.#span)
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, at)
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
      const left = (await this.#file.stat()).size - this.#at!
      // The rest of a line whose beginning was skipped is skipped too.
      this.#skip = this.#skip ? left > behind.left || !begins : left > behind.most
    }
    return { lines, skip: this.#skip, unread: this.#lines.unread }
  }

  /** Whether somebody emptied the file: then it is read from its beginning. */
  async #isEmptied(): Promise<boolean> {
    if ((await this.#file.stat()).size >= this.#at!) return false
    this.rewind()
    return true
  }

  /** Whether the driver has begun another file and all of this one is read. */
  async #isTurned(): Promise<boolean> {
    if (!this.#moved) return false
    // First the name: nothing is written any more to a file that has lost it.
    const named = await stat(this.#path).catch(() => undefined)
    const own = await this.#file.stat()
    return named !== undefined && named.ino !== own.ino && own.size === this.#at
  }

  /** Goes on in the next file, when that is the one after this; else its place is lost. */
  async #turn(): Promise<void> {
    const own = await this.#file.stat()
    const file = await open(this.#path)
    this.#watcher.close()
    this.#watcher = this.#watch()
    this.#moved = false
    const before = await stat(`${this.#path}.1`).catch(() => undefined)
    await this.#file.close()
    this.#file = file
    this.#at = before?.ino === own.ino || (await this.#isCompressed()) ? 0 : undefined
  }

  /** Whether the newest of the compressed files is the one that was read: its head tells when its last record was printed. */
  async #isCompressed(): Promise<boolean> {
    const file = await open(`${this.#path}.1.gz`).catch(() => undefined)
    if (!file) return false
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
      const last = /"lastTime":"([^"]+)"/.exec(buffer.toString('latin1', 0, bytesRead))?.[1]
      return last !== undefined && this.#lines.endsAt(last)
    } finally {
      await file.close()
    }
  }

  async #hasOlder(): Promise<boolean> {
    const older = ['.1', '.1.gz'].map((end) => stat(`${this.#path}${end}`).catch(() => undefined))
    return (await Promise.all(older)).some((each) => each !== undefined)
  }
}
