import { open, readdir, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { headBytes, isWhole, readHead, type Head } from './block.js'

/** A file of compressed blocks, one after the other, which only grows. */
export interface Segment {
  path: string
  /** The place of its first line. */
  first: number
  /** The place after its last one. */
  end: number
  /** Milliseconds since the epoch, of its first and its latest line. */
  began: number
  latest: number
  /** Bytes of whole blocks. */
  size: number
}

/** A block in its file. */
export interface BlockRef {
  path: string
  offset: number
  head: Head
}

/** Bytes that are read to look at a block: its head, and its origins unless they are many. */
const lookBytes = 2048

export function segmentName(first: number, began: number): string {
  return `${String(first).padStart(15, '0')}-${began}.log`
}

/** The segments of a folder, oldest first, with what their names and their successors tell. */
export async function listSegments(directory: string): Promise<Segment[]> {
  const names = (await readdir(directory).catch(() => [])).sort()
  const segments: Segment[] = []
  for (const name of names) {
    const match = /^(\d{15})-(\d+)\.log$/.exec(name)
    if (!match) continue
    const path = join(directory, name)
    const [first, began] = [Number(match[1]), Number(match[2])]
    const before = segments.at(-1)
    if (before) Object.assign(before, { end: first, latest: Math.max(before.began, began) })
    segments.push({ path, first, end: first, began, latest: began, size: (await stat(path)).size })
  }
  return segments
}

/** The blocks of a file from an offset, up to the first that is not there as a whole. */
export async function* walk(
  file: FileHandle,
  size: number,
  offset = 0,
): AsyncGenerator<{ offset: number; head: Head; start: Buffer }> {
  const buffer = Buffer.allocUnsafe(lookBytes)
  while (offset + headBytes <= size) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(lookBytes, size - offset), offset)
    const head = readHead(buffer.subarray(0, bytesRead))
    if (!head || offset + head.size > size) return
    yield { offset, head, start: buffer.subarray(0, bytesRead) }
    offset += head.size
  }
}

export async function readBlock(file: FileHandle, offset: number, head: Head): Promise<Buffer> {
  const block = Buffer.allocUnsafe(head.size)
  const { bytesRead } = await file.read(block, 0, head.size, offset)
  return block.subarray(0, bytesRead)
}

/** Cuts off what a crash left unfinished of a segment, and tells what the rest holds. */
export async function mend(segment: Segment): Promise<void> {
  const file = await open(segment.path, 'r+')
  try {
    let last: { offset: number; head: Head } | undefined
    let before: Head | undefined
    for await (const { offset, head } of walk(file, segment.size)) {
      before = last?.head
      last = { offset, head }
      segment.latest = Math.max(segment.latest, head.latest)
    }
    const whole = last && isWhole(await readBlock(file, last.offset, last.head), last.head)
    const size = !last ? 0 : whole ? last.offset + last.head.size : last.offset
    const end = whole ? last!.head : before
    segment.end = end ? end.first + end.count : segment.first
    if (size < segment.size) await file.truncate(size)
    segment.size = size
  } finally {
    await file.close()
  }
}
