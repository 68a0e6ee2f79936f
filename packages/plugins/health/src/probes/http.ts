import type { CheckTarget, HealthProbe, Secrets, Verdict } from '@longshore/core'
import type { HttpCheck, Status } from '../kinds.js'
import { valueAt } from './json-path.js'
import { matchedLength, matcher } from './match.js'
import { destination, Ill, spell, Unseen, verdictOf, type Network } from './network.js'
import { ask, bodyMost, type Answer } from './request.js'

export interface HttpParts {
  network: Network
  secrets: Secrets
  /** Wall clock, for certificates. */
  today(): number
}

type Target = CheckTarget<HttpCheck & { timeout: number }>

/** Asks over HTTP, and judges the answer. */
export class HttpProbe implements HealthProbe<HttpCheck & { timeout: number }> {
  readonly #parts: HttpParts

  constructor(parts: HttpParts) {
    this.#parts = parts
  }

  check({ check }: Target, signal: AbortSignal): Promise<Verdict> {
    const { network, today } = this.#parts
    return verdictOf(check.timeout, signal, async () => {
      const began = network.now()
      const answer = await this.#ask(check, signal)
      await expected(answer, check)
      const warning = expiry(answer.ends, check.tlsExpiry, today())
      return {
        state: 'healthy',
        say: `${answer.status} in ${spell(network.now() - began)}`,
        ...(warning !== undefined && { warning }),
      }
    })
  }

  async #ask(check: HttpCheck, signal: AbortSignal): Promise<Answer> {
    const { network } = this.#parts
    const first = new URL(check.url)
    const headers = await this.#open(check.headers, signal)
    let next = { url: first, method: check.method, headers, body: check.body }
    for (let hops = 0; ; hops++) {
      const to = await destination(next.url.hostname, network, signal)
      const answer = await ask({ ...next, destination: to, insecure: check.insecure }, signal)
      if (hops >= check.redirects || !isRedirect(answer)) return answer
      const url = targetOf(answer, next.url)
      // What was meant for one host is told to no other.
      const own = url.origin === first.origin ? headers : {}
      const turned = answer.status < 307 && !/^(GET|HEAD)$/.test(next.method)
      next = turned ? { url, method: 'GET', headers: own, body: undefined } : { ...next, url, headers: own }
    }
  }

  async #open(headers: HttpCheck['headers'], signal: AbortSignal): Promise<Record<string, string>> {
    const opened = Object.entries(headers).map(async ([name, value]) => {
      if (typeof value === 'string') return [name, value] as const
      const secret = await this.#parts.secrets.open(value, signal).catch((error: unknown) => {
        throw new Unseen(`the secret of the header ${name} cannot be had: ${(error as Error).message}`)
      })
      const open = secret.open().trim()
      if (/[^\t\x20-\x7e\x80-\xff]/.test(open))
        throw new Unseen(`the secret of the header ${name} cannot be sent in a header`)
      return [name, open] as const
    })
    return Object.fromEntries(await Promise.all(opened))
  }
}

function isRedirect({ status, headers }: Answer): boolean {
  return [301, 302, 303, 307, 308].includes(status) && headers.location !== undefined
}

function targetOf({ status, headers }: Answer, from: URL): URL {
  const { location = '' } = headers
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Ill(`${status}: it leads to what is no http or https address`)
  url.username = url.password = ''
  return url
}

async function expected(answer: Answer, { expect }: HttpCheck): Promise<void> {
  const { status, body, cut } = answer
  if (!isAmong(status, expect.status)) throw new Ill(`it answers ${status}`)
  if (expect.body !== undefined && !body.includes(expect.body))
    throw new Ill(`it answers ${status}, without the text that is expected${upTo(cut, bodyMost)}`)
  if (expect.match !== undefined) {
    const matches = await matcher(expect.match)
    if (!matches(body.toString()))
      throw new Ill(
        `it answers ${status}, and nothing in it matches${upTo(body.length > matchedLength, matchedLength)}`,
      )
  }
  if (expect.json === undefined) return
  if (cut) throw new Ill(`it answers ${status}, and more than ${bodyMost} bytes of JSON`)
  const { path, equals } = expect.json
  const value = valueAt(parsed(body, status), path)
  // Nothing of the answer is told: whoever names an address shall not read there.
  if (value === undefined) throw new Ill(`it answers ${status}, and ${path} is not there`)
  if (value !== equals) throw new Ill(`it answers ${status}, and ${path} is not ${JSON.stringify(equals)}`)
}

function upTo(cut: boolean, bytes: number): string {
  return cut ? ` in its first ${bytes} bytes` : ''
}

function parsed(body: Buffer, status: number): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new Ill(`it answers ${status}, and what is no JSON`)
  }
}

function isAmong(status: number, wanted: Status): boolean {
  return [wanted].flat().some((each) => {
    if (typeof each === 'number') return each === status
    const [from, to] = each.split('-').map(Number)
    return status >= from! && status <= to!
  })
}

function expiry(ends: number | undefined, soon: number | undefined, now: number): string | undefined {
  if (ends === undefined || soon === undefined || ends - now >= soon) return undefined
  const days = Math.floor((ends - now) / 86_400_000)
  const day = new Date(ends).toISOString().slice(0, 10)
  return `its certificate ends on ${day}, ${days < 1 ? 'within a day' : days === 1 ? 'in a day' : `in ${days} days`}`
}
