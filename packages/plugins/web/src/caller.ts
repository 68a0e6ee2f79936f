import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { InputError } from '@longshore/core'
import type { Actor, Right } from '@longshore/core/protocol'
import type { IncomingHttpHeaders } from 'node:http'
import { WebError } from './errors.js'
import { isDirect } from './site.js'

/** Which of the two doors a request came through. */
export type Door = 'socket' | 'loopback'

/**
 * Says who a request comes from, or refuses it. Whoever may open the socket is this account. On loopback anybody on
 * the machine knocks: they may read, and act only with the token that this account alone can read.
 */
export function actorOf(headers: IncomingHttpHeaders, door: Door, right: Right, token: string): Actor {
  if (door === 'socket') return { kind: 'local', name: accountName() }
  const { authorization } = headers
  if (authorization !== undefined) {
    const given = /^Bearer ([\w~+/.=-]{1,200})$/i.exec(authorization)?.[1] ?? ''
    if (!same(given, token)) throw unknown('the token is not the one of this host')
    return { kind: 'local' }
  }
  if (right === 'none' || (right.endsWith(':read') && isDirect(headers))) return { kind: 'local' }
  throw unknown('over TCP this needs a token')
}

/** Of a request that was let in: whether it showed who it is from, and not merely that it is from this machine. */
export function isKnown({ authorization }: IncomingHttpHeaders, door: Door): boolean {
  return door === 'socket' || authorization !== undefined
}

function unknown(what: string): WebError {
  return new WebError('WEB_TOKEN_NEEDED', what, {
    status: 401,
    hint: 'Use the longshore command on this machine, or send Authorization: Bearer with what web/token in the data folder holds.',
    headers: { 'WWW-Authenticate': 'Bearer' },
  })
}

/** Compares without telling by its time how much was right. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    // Containers often run under an id that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/** The token in `<folder>/token`, made when there is none. One that others can read, or guess, is refused. */
export async function openToken(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'token')
  const found = await stat(file).catch(() => undefined)
  if (!found) await makeToken(file)
  else if (found.mode & 0o077) throw unsafe(file, 'can be read by other accounts')
  const token = (await readFile(file, 'utf8')).trim()
  if (!/^[\w~+/.=-]{32,200}$/.test(token)) throw unsafe(file, 'holds no token of 32 to 200 characters')
  return token
}

/** Written whole before it has its name: a crash leaves no half of it. */
async function makeToken(file: string): Promise<void> {
  const part = `${file}.${process.pid}`
  await rm(part, { force: true })
  await writeFile(part, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  await rename(part, file)
}

function unsafe(file: string, why: string): InputError {
  return new InputError('WEB_TOKEN_UNSAFE', `${file} ${why}`, {
    hint: 'Remove it: the next start makes a new one that only this account can read.',
  })
}
