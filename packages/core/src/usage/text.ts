import { closeSync, openSync, readSync } from 'node:fs'

/** The kernel hands out whole lines, a page at a time at least: a read of less than half of one was the last. */
const page = 4096
const buffer = Buffer.allocUnsafe(256 * 1024)

/**
 * The text of a file that the kernel makes up, of which 256 KiB suffice; undefined when it cannot be read. At once, not
 * through the thread pool, which takes twenty times the work: no disk is asked, and nothing here waits. Opened anew
 * each time: kept open it would take half the work, and a descriptor for each file of each instance.
 */
export function readText(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    let length = 0
    for (let more = page; more >= page / 2; length += more)
      more = readSync(descriptor, buffer, length, buffer.length - length, null)
    return buffer.toString('latin1', 0, length)
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** The file's one number; undefined for `max`, and for anything else that is none. */
export function readNumber(file: string | undefined): number | undefined {
  const text = readText(file)?.trim()
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
