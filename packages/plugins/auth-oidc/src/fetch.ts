import { deadline } from '@longshore/core'
import { isLoopback } from './config.js'
import { addressUnfit, providerAway } from './errors.js'

/** Milliseconds for one answer of the provider, and bytes of it. */
const limits = { time: 10_000, size: 1_048_576 }

export interface Sent {
  method?: string
  headers?: Record<string, string>
  body?: unknown
}

/**
 * Fetches from the provider, whose redirects are not followed: an address is the issuer's, or one that its discovery document
 * names, and is never plain but where the issuer itself is plain on loopback. What does not come whole in time is an
 * UnavailableError, and so is an answer that it is overloaded or broken.
 */
export function fetchFrom(issuer: string): (address: string, sent: Sent) => Promise<Response> {
  const isPlain = issuer.startsWith('http:')
  return async (address, { method, headers, body }) => {
    const url = new URL(address)
    const isFit = url.protocol === 'https:' || (isPlain && url.protocol === 'http:' && isLoopback(url))
    if (!isFit) throw addressUnfit(issuer)
    const signal = deadline(limits.time)
    const init = { method, headers, body: body as RequestInit['body'], redirect: 'manual', signal } as const
    const answer = await fetch(url, init)
      .then(whole)
      .catch((error: Error) => {
        throw providerAway(issuer, signal.aborted ? 'it does not answer in time' : reasonOf(error))
      })
    const { status } = answer
    if (status >= 500 || status === 429) throw providerAway(issuer, `it answers ${status}`)
    return answer
  }
}

async function whole(response: Response): Promise<Response> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > limits.size) throw new Error('its answer is larger than 1 MiB')
    chunks.push(chunk)
  }
  const { status, headers } = response
  const bodiless = [204, 205, 304].includes(status)
  return new Response(bodiless ? null : Buffer.concat(chunks), { status, headers })
}

/** `fetch failed` says nothing; why it did is in the cause. */
function reasonOf({ message, cause }: Error): string {
  const { code, message: inner } = (cause ?? {}) as { code?: string; message?: string }
  return code ?? inner ?? message
}
