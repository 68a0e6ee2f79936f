import { TextDecoder } from 'node:util'
import type { Commit } from '@longshore/core/protocol'

/** Reads a commit object (gitformat: headers, an empty line, the message) as far as people need it. */
export function parseCommit(sha: string, bytes: Buffer): Commit {
  const end = bytes.indexOf('\n\n')
  const head = bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1')
  const encoding = /^encoding (.+)$/m.exec(head)?.[1]
  const decode = (part: Buffer) => decoder(encoding).decode(part)
  const [, who = '', when = '0'] = /^committer (.*) (-?\d+) [+-]\d+$/m.exec(head) ?? []
  const author = /^author (.*) -?\d+ [+-]\d+$/m.exec(head)?.[1] ?? who
  return {
    sha,
    author: shorten(decode(Buffer.from(author, 'latin1')), 500),
    time: timestamp(Number(when)),
    message: shorten(decode(bytes.subarray(end < 0 ? bytes.length : end + 2, end + 2 + 16_000)), 2000),
    parents: [...head.matchAll(/^parent ([0-9a-f]+)$/gm)].slice(0, 64).map(([, parent]) => parent!),
  }
}

function decoder(encoding: string | undefined): TextDecoder {
  try {
    return new TextDecoder(encoding)
  } catch {
    return new TextDecoder()
  }
}

/** A commit may claim any time; what no calendar holds becomes its beginning. */
function timestamp(seconds: number): string {
  const date = new Date(seconds * 1000)
  const year = date.getUTCFullYear()
  return (year >= 1970 && year <= 9999 ? date : new Date(0)).toISOString()
}

/** Cuts between characters, never within one. */
function shorten(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/[\ud800-\udbff]$/, '')
}
