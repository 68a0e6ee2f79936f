import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import type { LogLine } from '@longshore/core'
import type { Archive } from './archive.js'
import { bodyOf, recordsOf, type Head } from './block.js'
import { linesOf, type Records } from './records.js'
import { readBlock, walk } from './segments.js'

const inflate = promisify(inflateRaw)
/** How far back a source is asked again: milliseconds and, as that may be many, lines. */
const overlapTime = 60_000
const overlapLines = 50_000

/**
 * The end of an archive, against which what a source tells again is held: lines of different instances do not come strictly in
 * the order of their times, so that no time alone says what is there already.
 */
export class Recent {
  /** From when on the source has to be asked, in milliseconds since the epoch; undefined: for all that it has. */
  readonly since: number | undefined
  /** How often each of the lines since then is in the archive. */
  readonly #counts = new Map<string, number>()
  readonly #until: number

  private constructor(since: number | undefined, now: number) {
    this.since = since
    this.#until = now + overlapTime
  }

  static async of(archive: Archive | undefined, now: number): Promise<Recent> {
    if (!archive) return new Recent(undefined, now)
    const parts: Records[] = []
    const { newest } = archive
    const latest = Math.min(now, newest.latest ?? archive.segments.at(-1)?.latest ?? -Infinity)
    if (latest === -Infinity) return new Recent(undefined, now)
    let since = latest - overlapTime
    let count = newest.count
    if (newest.count > 0) parts.push(newest.from(0))
    for await (const { head, read } of blocksBack(archive)) {
      // Older ones hold older lines: only where the clock was set back do they not, and then a few lines may come twice.
      if (head.latest < since) break
      // What is enough ends here: from this block on nobody asks again.
      if (count > overlapLines) since = Math.max(since, Math.min(latest, head.latest + 1))
      if (head.latest < since) break
      parts.push(await read())
      count += head.count
    }
    const recent = new Recent(since, now)
    for (const line of parts.flatMap(linesOf)) if (line.time >= since) recent.#count(line)
    return recent
  }

  /** Whether the archive has this line; asked once for each that the source tells. */
  has(line: LogLine): boolean {
    if (this.#counts.size === 0) return false
    if (line.time > this.#until) this.#counts.clear()
    const print = printOf(line)
    const count = this.#counts.get(print)
    if (count === undefined) return false
    if (count === 1) this.#counts.delete(print)
    else this.#counts.set(print, count - 1)
    return true
  }

  #count(line: LogLine): void {
    const print = printOf(line)
    this.#counts.set(print, (this.#counts.get(print) ?? 0) + 1)
  }
}

/** Two hashes of the bytes beside what else tells lines apart. */
function printOf({ time, instance, stream, bytes, partial }: LogLine): string {
  let [a, b] = [0x811c9dc5, 0]
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193)
    b = (Math.imul(b, 31) + byte) | 0
  }
  return `${Math.floor(time)} ${instance} ${stream[3]}${partial ? 'P' : 'F'} ${bytes.length} ${a} ${b}`
}

/** The blocks in files, the newest first. */
async function* blocksBack(archive: Archive): AsyncGenerator<{ head: Head; read(): Promise<Records> }> {
  for (const segment of archive.segments.toReversed()) {
    const file = await open(segment.path)
    try {
      const found: { offset: number; head: Head }[] = []
      for await (const { offset, head } of walk(file, segment.size)) found.push({ offset, head })
      for (const { offset, head } of found.reverse()) {
        const read = async () => {
          const block = await readBlock(file, offset, head)
          return recordsOf(block, head, await inflate(bodyOf(block, head)))
        }
        yield { head, read }
      }
    } finally {
      await file.close()
    }
  }
}
