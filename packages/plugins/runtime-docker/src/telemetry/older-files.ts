import { open, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { firstRecord, lookBytes } from './seek.js'

/** Bytes by which files are told apart: no record is longer, and each bears its time. */
const headBytes = 2 * lookBytes
const newline = 0x0a

/**
 * One file that the log driver json-file has turned away: `.1` is the newest of them, compressed ones end with `.gz`. It is
 * held open, so that it stays readable under whatever name, and when it has none.
 */
export class OlderFile {
  readonly #file: FileHandle
  readonly #compressed: boolean
  #head: Buffer = Buffer.alloc(0)
  #reading: AsyncGenerator<Buffer, void> | undefined

  private constructor(file: FileHandle, compressed: boolean) {
    this.#file = file
    this.#compressed = compressed
  }

  /** Undefined when none has that number. One that is compressed this moment is there twice, and whole as it was. */
  static async open(path: string, number: number): Promise<OlderFile | undefined> {
    for (const end of ['', '.gz']) {
      const file = await openIfThere(`${path}.${number}${end}`)
      if (!file) continue
      const older = new OlderFile(file, end !== '')
      try {
        older.#head = await older.#readHead()
        return older
      } catch (error) {
        await file.close()
        throw error
      }
    }
    return undefined
  }

  /** Whether it begins with these bytes, or they with it. */
  beginsLike(head: Buffer): boolean {
    const length = Math.min(head.length, this.#head.length)
    return length > 0 && this.#head.subarray(0, length).equals(head.subarray(0, length))
  }

  get head(): Buffer {
    return this.#head
  }

  /** When its first record was printed, ms of the epoch; undefined when its beginning cannot be read. */
  get begins(): number | undefined {
    return firstRecord(this.#head)?.time
  }

  async records(): Promise<number> {
    let count = 0
    for await (const chunk of this.#stream())
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) count++
    return count
  }

  /** What comes next of it, but for so many of its first records; undefined at its end. */
  async next(unwanted: number): Promise<Buffer | undefined> {
    this.#reading ??= this.#read(unwanted)
    const { value } = await this.#reading.next()
    return value ?? undefined
  }

  async close(): Promise<void> {
    await this.#reading?.return()
    await this.#file.close()
  }

  async *#read(unwanted: number): AsyncGenerator<Buffer, void> {
    let left = unwanted
    if (left === Infinity) return
    for await (const chunk of this.#stream()) {
      let from = 0
      while (left > 0 && from < chunk.length) {
        const end = chunk.indexOf(newline, from)
        if (end >= 0) left--
        from = end >= 0 ? end + 1 : chunk.length
      }
      if (from < chunk.length) yield chunk.subarray(from)
    }
  }

  async #readHead(): Promise<Buffer> {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of this.#stream()) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= headBytes) break
    }
    return Buffer.concat(chunks).subarray(0, headBytes)
  }

  /** From its beginning. What was torn off, because the engine was killed, counts as a record that cannot be read. */
  async *#stream(): AsyncGenerator<Buffer, void> {
    const bytes = bytesOf(this.#file)
    try {
      // An error of the file comes out of the last stream.
      yield* this.#compressed ? pipeline(bytes, createGunzip(), () => undefined) : bytes
    } catch (error) {
      if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error
      yield Buffer.of(newline)
    }
  }
}

/** Not a stream of the handle's own: that closes it when it is left. */
async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer, void> {
  for (let at = 0; ;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(headBytes), 0, headBytes, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** What `beginsLike` compares. */
export async function headOf(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
  return buffer.subarray(0, bytesRead)
}

/** Undefined when there is none. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
