import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyUnsafe } from './errors.js'

/** 256 bits that nobody can guess, as text for cookies and links. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is kept of a secret that is random: no slow hash is needed, for nobody can try them all. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Compares without telling by its time how much was right. */
export function same(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(a)), Buffer.from(hashOf(b)))
}

/** Seals what has to be read again by the key of this host, which is in no backup of the store. */
export class Sealer {
  readonly #key: Buffer

  constructor(key: Buffer) {
    this.#key = key
  }

  /** AES-256-GCM; `about` is what it belongs to, so that it opens nowhere else. */
  seal(text: string, about: string): string {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(about))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
  }

  /** Undefined when it was sealed by another key, or for something else. */
  open(sealed: string, about: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    try {
      const opener = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12), { authTagLength: 16 })
      opener.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([opener.update(bytes.subarray(28)), opener.final()]).toString('utf8')
    } catch {
      return undefined
    }
  }
}

/** The key in `<folder>/key`, made when there is none. One that others can read, or that is none, stops the start. */
export async function openKey(folder: string): Promise<Buffer> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'key')
  const found = await stat(file).catch(() => undefined)
  if (!found) await makeKey(file)
  else if (found.mode & 0o077) throw keyUnsafe(file, 'can be read by other accounts')
  const key = await readFile(file)
  if (key.length !== 32 || new Set(key).size < 8) throw keyUnsafe(file, 'holds no key of 32 random bytes')
  return key
}

/** Written whole before it has its name: a crash leaves no half of it. */
async function makeKey(file: string): Promise<void> {
  const part = `${file}.${process.pid}`
  await rm(part, { force: true })
  await writeFile(part, randomBytes(32), { mode: 0o600, flag: 'wx' })
  await rename(part, file)
}
