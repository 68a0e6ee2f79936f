import { open, rename, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/** `lsrows` and the format's version, then how many rows there are, and how many numbers each has. */
const magic = 'lsrows01'
const headBytes = 16
/** Before each row: its step's number, and a checksum, so that one which was half written is none. */
const rowHead = 16

/** A file of rows of 16-bit numbers that never grows: a row takes the place of that which is as many steps older as there are rows. */
export class RowFile {
  readonly path: string
  readonly #rows: number
  #columns = 0

  constructor(path: string, rows: number) {
    this.path = path
    this.#rows = rows
  }

  /** Numbers in a row, as the file is now. */
  get columns(): number {
    return this.#columns
  }

  /** Gives each row that is there, and whole, with the number of its step. */
  async read(take: (step: number, row: Uint16Array) => void): Promise<void> {
    const file = await open(this.path, 'r').catch(() => undefined)
    if (!file) return
    try {
      const head = await bytesOf(file, 0, headBytes)
      if (head?.toString('latin1', 0, 8) !== magic || head.readUInt32LE(8) !== this.#rows) return
      this.#columns = head.readUInt32LE(12)
      for (let index = 0; index < this.#rows; index++) {
        const bytes = await bytesOf(file, this.#at(index), this.#rowBytes)
        if (bytes?.readUInt32LE(8) !== 1 || bytes.readUInt32LE(12) !== sumOf(bytes)) continue
        const numbers = bytes.subarray(rowHead)
        take(bytes.readDoubleLE(0), new Uint16Array(numbers.buffer, numbers.byteOffset, this.#columns))
      }
    } finally {
      await file.close()
    }
  }

  /** Writes one row, in one write. */
  async write(step: number, row: Uint16Array): Promise<void> {
    const file = await open(this.path, 'r+')
    try {
      await file.write(encode(step, row), 0, this.#rowBytes, this.#at(step % this.#rows))
    } finally {
      await file.close()
    }
  }

  /** Makes it anew with rows of so many numbers; these are in it. */
  async make(columns: number, rows: Iterable<{ step: number; row: Uint16Array }>): Promise<void> {
    this.#columns = columns
    const next = `${this.path}.new`
    const file = await open(next, 'w', 0o600)
    try {
      const head = Buffer.alloc(headBytes)
      head.write(magic, 'latin1')
      head.writeUInt32LE(this.#rows, 8)
      head.writeUInt32LE(columns, 12)
      await file.write(head, 0, headBytes, 0)
      await file.truncate(this.#at(this.#rows))
      for (const { step, row } of rows)
        await file.write(encode(step, row), 0, this.#rowBytes, this.#at(step % this.#rows))
    } finally {
      await file.close()
    }
    await rename(next, this.path)
  }

  get #rowBytes(): number {
    return rowHead + this.#columns * 2
  }

  #at(index: number): number {
    return headBytes + index * this.#rowBytes
  }
}

function encode(step: number, row: Uint16Array): Buffer {
  const bytes = Buffer.alloc(rowHead + row.byteLength)
  bytes.writeDoubleLE(step, 0)
  bytes.writeUInt32LE(1, 8)
  bytes.set(new Uint8Array(row.buffer, row.byteOffset, row.byteLength), rowHead)
  bytes.writeUInt32LE(sumOf(bytes), 12)
  return bytes
}

/** Of the step and the numbers. */
function sumOf(bytes: Buffer): number {
  return crc32(bytes.subarray(rowHead), crc32(bytes.subarray(0, 8)))
}

async function bytesOf(file: FileHandle, at: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, at)
  return bytesRead === length ? bytes : undefined
}
