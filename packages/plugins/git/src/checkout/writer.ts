import { mkdir, open, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CheckoutReport } from '@longshore/core'
import type { ObjectReader } from '../repository/objects.js'
import { answerFault, unsafeTree } from '../errors.js'
import { checkLinks } from './links.js'
import type { TreeEntry } from './tree.js'

/** Files up to this size are written whole, some at a time; bigger ones piece by piece. */
const whole = 2 ** 20
const atOnce = 16
/** A pointer of git LFS (its specification, version 1) is smaller than this. */
const pointerSize = 1024
const pointerStart = Buffer.from('version https://git-lfs.github.com/spec/')

/** The order in which objects are asked for: links first, because nothing is written before all of them are judged. */
export function readingOrder(entries: readonly TreeEntry[]): TreeEntry[] {
  const files = entries.filter(({ kind }) => kind === 'file' || kind === 'executable')
  return [...entries.filter(({ kind }) => kind === 'link'), ...files]
}

/** Writes a commit's files as their objects arrive. Links are made last, so that no file is written through one. */
export class Writer {
  readonly #directory: string
  readonly #objects: ObjectReader
  readonly #signal: AbortSignal
  readonly #report: CheckoutReport = { files: 0, bytes: 0, left: [] }
  readonly #pending = new Set<Promise<void>>()

  constructor(directory: string, objects: ObjectReader, signal: AbortSignal) {
    this.#directory = directory
    this.#objects = objects
    this.#signal = signal
  }

  /** `entries` of the whole tree; their objects arrive in `readingOrder`. */
  async write(entries: readonly TreeEntry[]): Promise<CheckoutReport> {
    const ordered = readingOrder(entries)
    const links = await this.#readLinks(ordered.filter(({ kind }) => kind === 'link'))
    for (const { path, kind } of entries) if (kind === 'submodule') this.#report.left.push({ path, kind })
    await this.#makeFolders(ordered)
    try {
      for (const entry of ordered) if (entry.kind !== 'link') await this.#writeFile(entry)
    } finally {
      await Promise.allSettled(this.#pending)
    }
    await Promise.all(this.#pending)
    for (const [path, target] of links) {
      await symlink(target, join(this.#directory, path))
      this.#report.files++
    }
    return this.#report
  }

  async #readLinks(entries: TreeEntry[]): Promise<Map<string, string>> {
    const links = new Map<string, string>()
    for (const entry of entries) {
      const bytes = await this.#objects.bytes(await this.#size(entry))
      const target = bytes.toString('utf8')
      if (bytes.includes(0) || !Buffer.from(target).equals(bytes))
        throw unsafeTree(entry.path, 'its target is no path')
      links.set(entry.path, target)
    }
    await checkLinks(links)
    return links
  }

  async #makeFolders(entries: TreeEntry[]): Promise<void> {
    const made = new Set(['.'])
    for (const { path } of entries) {
      const folder = dirname(path)
      if (made.has(folder)) continue
      await mkdir(join(this.#directory, folder), { recursive: true, mode: 0o755 })
      made.add(folder)
    }
  }

  async #writeFile(entry: TreeEntry): Promise<void> {
    this.#signal.throwIfAborted()
    const size = await this.#size(entry)
    const path = join(this.#directory, entry.path)
    const mode = entry.kind === 'executable' ? 0o755 : 0o644
    if (size > whole) await this.#stream(path, mode, size)
    else {
      const bytes = await this.#objects.bytes(size)
      if (size < pointerSize && bytes.subarray(0, pointerStart.length).equals(pointerStart)) {
        this.#report.left.push({ path: entry.path, kind: 'lfs' })
        return
      }
      await this.#start(writeFile(path, bytes, { flag: 'wx', mode }))
    }
    this.#report.files++
    this.#report.bytes += size
  }

  async #stream(path: string, mode: number, size: number): Promise<void> {
    const file = await open(path, 'wx', mode)
    try {
      for await (const chunk of this.#objects.chunks(size)) {
        this.#signal.throwIfAborted()
        await file.writeFile(chunk)
      }
    } finally {
      await file.close()
    }
  }

  /** Lets a write go on by itself while there are few; a failure shows at the next one, or at the end. */
  async #start(write: Promise<void>): Promise<void> {
    const pending = write.then(() => void this.#pending.delete(pending))
    pending.catch(() => undefined)
    this.#pending.add(pending)
    if (this.#pending.size >= atOnce) await Promise.race(this.#pending)
  }

  /** The size that git tells with the object, which is the one that the tree's list told. */
  async #size({ sha, size, path }: TreeEntry): Promise<number> {
    const head = await this.#objects.head()
    if (head?.sha === sha && head.type === 'blob' && head.size === size) return size
    throw answerFault(`the object of ${JSON.stringify(path)} is not what the tree says`)
  }
}
