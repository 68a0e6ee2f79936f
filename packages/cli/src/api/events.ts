import { setTimeout as sleep } from 'node:timers/promises'
import { coreRoutes, Envelope, type Event } from '@longshore/core/protocol'
import { UnreachableError } from '../errors.js'
import type { Api, CallInput } from './client.js'

export type StreamQuery = NonNullable<CallInput<typeof coreRoutes.eventStream>['query']>

/** Milliseconds for which a Longshore that went away is waited for. */
const patience = 60_000

/**
 * Every event after `after` that fits, live, in order: also over a restart of
 * Longshore, which is waited for. Ends when the signal aborts.
 */
export async function* followEvents(
  api: Api,
  query: StreamQuery,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  let last = after
  let lostAt: number | undefined
  while (!signal.aborted) {
    try {
      const answer = await api.stream(coreRoutes.eventStream, { query: { ...query, after: last } }, signal)
      lostAt = undefined
      for await (const data of serverSentData(answer)) {
        const event = Envelope.parse(JSON.parse(data))
        last = event.seq
        yield event
      }
    } catch (error) {
      if (signal.aborted) return
      const waited = lostAt === undefined ? 0 : performance.now() - lostAt
      if (!isGone(error) || waited > patience) throw error
    }
    lostAt ??= performance.now()
    await sleep(500, undefined, { signal }).catch(() => undefined)
  }
}

function isGone(error: unknown): boolean {
  return error instanceof UnreachableError || (error as NodeJS.ErrnoException).code === 'ECONNRESET'
}

/** The `data` of each event of a text/event-stream. */
async function* serverSentData(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/)
    rest = parts.pop()!
    for (const part of parts) {
      const lines = part.split(/\r?\n/).filter((line) => line.startsWith('data:'))
      if (lines.length > 0) yield lines.map((line) => line.slice(5).trimStart()).join('\n')
    }
  }
}
