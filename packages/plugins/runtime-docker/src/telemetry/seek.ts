import type { FileHandle } from 'node:fs/promises'
import { JsonLines } from './json-lines.js'

/** Bytes of one look. A record is shorter, its labels too. */
export const lookBytes = 64 * 1024
const newline = 0x0a

/** Where the last so many records of a file of lines begin; or, where it has fewer, how many it lacks. */
export async function offsetOfLast(
  file: FileHandle,
  records: number,
): Promise<{ offset: number; lacking: number }> {
  const buffer = Buffer.allocUnsafe(lookBytes)
  // The last record ends with a newline of its own.
  let left = records + 1
  for (let end = (await file.stat()).size; end > 0; end -= Math.min(end, lookBytes)) {
    const from = Math.max(0, end - lookBytes)
    const { bytesRead } = await file.read(buffer, 0, end - from, from)
    for (let at = bytesRead; at > 0;) {
      at = buffer.lastIndexOf(newline, at - 1)
      if (at < 0) break
      if (--left === 0) return { offset: from + at + 1, lacking: 0 }
    }
  }
  // The first record begins the file.
  return { offset: 0, lacking: Math.max(0, left - 1) }
}

/**
 * Where to begin so that no record of that time (ms of the epoch) or later is missed; undefined when older files may have
 * some. Records lie in the order of their times but for what two streams print at once.
 */
export async function offsetOfTime(file: FileHandle, time: number): Promise<number | undefined> {
  const { size } = await file.stat()
  const first = await recordAt(file, 0)
  if (!first || first.time >= time) return undefined
  let [low, high] = [0, size]
  while (high - low > lookBytes) {
    const middle = low + Math.floor((high - low) / 2)
    const found = await recordAt(file, middle)
    if (found && found.time < time - apart) low = found.offset
    else high = middle
  }
  return low
}

/** Milliseconds by which the streams of one container may be out of order. */
export const apart = 1_000

/** The first record that begins at an offset or after it, within one look. */
async function recordAt(
  file: FileHandle,
  offset: number,
): Promise<{ offset: number; time: number } | undefined> {
  const look = offset === 0 ? 0 : offset - 1
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(2 * lookBytes), 0, 2 * lookBytes, look)
  const bytes = buffer.subarray(0, bytesRead)
  const begin = offset === 0 ? 0 : bytes.indexOf(newline) + 1
  if (begin === 0 && offset > 0) return undefined
  const found = firstRecord(bytes, begin)
  return found && { offset: look + found.offset, time: found.time }
}

/** The first record, from an offset at which one begins, that can be read; undefined when none is whole. */
export function firstRecord(bytes: Buffer, begin = 0): { offset: number; time: number } | undefined {
  for (let from = begin; ;) {
    const end = bytes.indexOf(newline, from)
    if (end < 0) return undefined
    const [line] = new JsonLines('').push(bytes.subarray(from, end + 1))
    if (line) return { offset: from, time: line.time }
    from = end + 1
  }
}
