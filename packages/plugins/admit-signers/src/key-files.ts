import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { longestKeys, readPgpKeys, type PgpKey } from './pgp.js'
import { Malformed } from './wire.js'

/** What a file of keys holds, or why that cannot be told. */
export interface KeyFile {
  keys: PgpKey[]
  fault?: string
}

/** The files of OpenPGP keys that the config names; each is read when it is asked for, so that a changed one counts at once. */
export class KeyFiles {
  readonly #folder: () => string

  /** `folder`: where relative paths begin. */
  constructor(folder: () => string) {
    this.#folder = folder
  }

  async read(path: string): Promise<KeyFile> {
    const file = resolve(this.#folder(), path)
    try {
      const keys = await readPgpKeys(await bytesOf(file))
      return keys.length > 0 ? { keys } : { keys, fault: `${file} holds no key` }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (!(error instanceof Malformed) && code === undefined) throw error
      return { keys: [], fault: `${file}: ${error instanceof Malformed ? error.message : code}` }
    }
  }
}

/** The beginning of a file, as far as keys may reach. */
async function bytesOf(file: string): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestKeys + 1), 0, longestKeys + 1, 0)
    if (bytesRead > longestKeys) throw new Malformed(`it is longer than ${longestKeys} bytes`)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
