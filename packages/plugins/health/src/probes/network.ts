import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { Verdict } from '@longshore/core'
import type { Judge } from './addresses.js'
import type { Resolver } from './resolver.js'

/** What probes that go over the network share. */
export interface Network {
  resolver: Resolver
  judge: Judge
  /** Monotonic milliseconds. */
  now(): number
}

/** Why what was looked at is ill: the verdict's reason. */
export class Ill extends Error {}
/** Why nobody could look. */
export class Unseen extends Error {}

/** Where a connection goes: addresses that were judged, whatever the name says in a moment. */
export interface Destination {
  host: string
  lookup: LookupFunction
}

/** Resolves a host once and judges what it leads to. Throws `Ill` or `Unseen`. */
export async function destination(
  host: string,
  { resolver, judge }: Network,
  signal: AbortSignal,
): Promise<Destination> {
  const name = host.replace(/^\[(.*)\]$/, '$1')
  const found = await resolve(name, resolver, signal)
  const addresses = found.filter(({ address }) => judge(address))
  if (addresses.length > 0) return { host: name, lookup: fixed(addresses) }
  const where = found[0]?.address === name ? name : `${name} (${found[0]?.address ?? 'no address'})`
  throw new Ill(
    `${where} is a link-local or metadata address, which is not looked at unless health.allow names it`,
  )
}

async function resolve(name: string, resolver: Resolver, signal: AbortSignal): Promise<LookupAddress[]> {
  try {
    return await resolver.resolve(name, signal)
  } catch (error) {
    if (signal.aborted) throw error
    const code = codeOf(error)
    // ENOTFOUND: there is no such name. Anything else says that nobody could be asked.
    if (code === 'ENOTFOUND' || code === 'ENODATA') throw new Ill(`the name ${name} is not known`)
    throw new Unseen(`the name ${name} cannot be looked up: ${code}`)
  }
}

function fixed(addresses: LookupAddress[]): LookupFunction {
  return (_name, options, done) => {
    const wanted = options.family === 4 || options.family === 6 ? options.family : undefined
    const fitting = addresses.filter(({ family }) => wanted === undefined || family === wanted)
    if (options.all) return done(null, fitting)
    const [first] = fitting
    if (first) done(null, first.address, first.family)
    else done(Object.assign(new Error('no address of this family'), { code: 'ENOTFOUND' }), '')
  }
}

export function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return typeof code === 'string' ? code : String(message ?? error)
}

const said: Record<string, string> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection was closed before there was an answer',
  EPIPE: 'the connection was closed before there was an answer',
  ETIMEDOUT: 'nobody answers there',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself alone',
  SELF_SIGNED_CERT_IN_CHAIN: 'nobody known signed its certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'nobody known signed its certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  EPROTO: 'it does not speak TLS as it should',
}
/** What lies with this machine and says nothing about the target. */
const ours = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN'])

/** What a failed connection says, without what was answered. */
export function connectionFault(error: unknown): Ill | Unseen {
  const code = codeOf(error)
  if (ours.has(code)) return new Unseen(`no connection can be made here: ${code}`)
  if (code.startsWith('HPE_')) return new Ill('what answers does not speak HTTP')
  return new Ill(said[code] ? `${said[code]} (${code})` : `no connection: ${code.slice(0, 200)}`)
}

/** The verdict of a look: what it throws is told as what it means. */
export async function verdictOf(
  timeout: number,
  signal: AbortSignal,
  look: () => Promise<Verdict>,
): Promise<Verdict> {
  try {
    return await look()
  } catch (error) {
    if (isLate(signal)) return { state: 'unhealthy', reason: `no answer within ${spell(timeout)}` }
    if (error instanceof Ill) return { state: 'unhealthy', reason: error.message }
    if (error instanceof Unseen) return { state: 'unknown', reason: error.message }
    throw error
  }
}

/** Whether the signal aborted because the time of the look was over. */
export function isLate(signal: AbortSignal): boolean {
  return signal.aborted && (signal.reason as Partial<Error> | undefined)?.name === 'TimeoutError'
}

/** Milliseconds for people: `350 ms`, `2 s`, `10 min`. */
export function spell(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 120_000) return `${Math.round(milliseconds / 100) / 10} s`
  return `${Math.round(milliseconds / 60_000)} min`
}
