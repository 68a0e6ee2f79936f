import { readdir, type FileHandle } from 'node:fs/promises'
import { Bell } from '../waiting/bell.js'
import type { LogLine } from '../contracts/telemetry.js'

/** One file of a log. Its name carries how many lines came before it, so that a reader counts exactly what it missed. */
export interface Segment {
  name: string
  sequence: number
  firstLine: number
}

/** Bytes that a reader holds at once; more than the longest record. */
const chunkBytes = 256 * 1024
export const newline = 0x0a

/** The segments of a log, oldest first; none when the directory is not there. */
export async function listSegments(directory: string): Promise<Segment[]> {
  const names = await readdir(directory).catch(() => [])
  return names
    .map((name) => /^(\d{8,})-(\d+)\.log$/.exec(name))
    .filter((match) => match !== null)
    .map((match) => ({ name: match[0], sequence: Number(match[1]), firstLine: Number(match[2]) }))
    .sort((a, b) => a.sequence - b.sequence)
}

/** The whole records of a segment between two offsets, a chunk at a time, and where each chunk's last one ends. */
export async function* records(
  file: FileHandle,
  from: number,
  to = Infinity,
  instance = '',
): AsyncGenerator<{ lines: LogLine[]; end: number }> {
  while (from < to) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, to - from))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
    const whole = bytesRead === 0 ? 0 : buffer.lastIndexOf(newline, bytesRead - 1) + 1
    if (whole === 0) return
    from += whole
    yield { lines: parse(buffer.subarray(0, whole), instance), end: from }
  }
}

/** `<time, 24 bytes> <stdout|stderr|note> <F|P> <bytes>`, each ended by a newline; anything else is passed over. */
function parse(buffer: Buffer, instance: string): LogLine[] {
  const lines: LogLine[] = []
  let stamp = ''
  let time = NaN
  for (let from = 0, end; from < buffer.length; from = end + 1) {
    end = buffer.indexOf(newline, from)
    const stream = buffer[from + 25] === 0x6e ? 'note' : buffer[from + 28] === 0x6f ? 'stdout' : 'stderr'
    const part = from + 26 + stream.length
    if (part + 2 > end || (buffer[part] !== 0x46 && buffer[part] !== 0x50)) continue
    const text = buffer.toString('latin1', from, from + 24)
    if (text !== stamp) time = Date.parse((stamp = text))
    lines.push({
      time,
      instance,
      stream,
      bytes: buffer.subarray(part + 2, end),
      partial: buffer[part] === 0x50,
    })
  }
  return lines
}

/** How many lines end in these records. */
export function countLines(lines: readonly LogLine[]): number {
  return lines.reduce((count, line) => count + (line.partial ? 0 : 1), 0)
}

/** Where the writer and the readers of one directory meet in this process: what is written, up to whole records. */
export interface Live {
  sequence: number
  size: number
  lines: number
  writers: number
  readers: number
  /** Grows with every change, so that a reader that looked away knows that it missed one. */
  version: number
  bell: Bell
}

const lives = new Map<string, Live>()

export function meet(directory: string, as: 'writers' | 'readers'): Live {
  const fresh = {
    sequence: -1,
    size: 0,
    lines: 0,
    writers: 0,
    readers: 0,
    version: 0,
    bell: new Bell(),
  }
  const live = lives.get(directory) ?? fresh
  lives.set(directory, live)
  live[as]++
  return live
}

export function leave(directory: string, live: Live, as: 'writers' | 'readers'): void {
  live[as]--
  if (live.writers + live.readers === 0) lives.delete(directory)
  tell(live)
}

export function tell(live: Live): void {
  live.version++
  live.bell.ring()
}

/** Resolves at the first change since the version, or when the signal aborts. */
export async function changed(live: Live, version: number, signal: AbortSignal): Promise<void> {
  if (live.version === version) await live.bell.heard(signal)
}
