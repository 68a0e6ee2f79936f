import { createHash } from 'node:crypto'
import { TextDecoder } from 'node:util'
import type { Commit } from '@longshore/core/protocol'
import { objectDamaged } from '../errors.js'
import { longestCommit, ObjectReader, readCommitBytes } from './objects.js'
import type { Repository } from './repository.js'

/** Reads a commit that is here. */
export async function readCommit(
  repository: Repository,
  sha: string,
  deadline: number,
  signal: AbortSignal,
): Promise<Commit> {
  const bytes = await repository.stream(['cat-file', '--batch'], signal, deadline, (stream) =>
    readCommitBytes(new ObjectReader(stream), sha),
  )
  return parseCommit(sha, bytes)
}

/** The object of a commit that is here, byte by byte. Git looks at what it reads from the disk, not at whether that is what it asked for. */
export async function readObject(repository: Repository, sha: string, signal: AbortSignal): Promise<Buffer> {
  const bytes = await repository.read(['cat-file', 'commit', sha], signal, longestCommit)
  const hash = createHash(sha.length === 64 ? 'sha256' : 'sha1')
    .update(`commit ${bytes.length}\0`)
    .update(bytes)
  if (hash.digest('hex') !== sha) throw objectDamaged(sha)
  return bytes
}

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
