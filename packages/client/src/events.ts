import { Envelope, type coreRoutes, type Event } from '@longshore/core/protocol'
import { pause } from './deadline.js'
import { UnreachableError } from './errors.js'
import { partsIn } from './lines.js'
import type { CallInput } from './request.js'

export type StreamQuery = NonNullable<CallInput<typeof coreRoutes.eventStream>['query']>

/** Milliseconds for which a Longshore that went away is waited for, and between two looks for it. */
const patience = 60_000
const between = 500

type Open = (query: StreamQuery) => Promise<AsyncIterable<Uint8Array>>

/**
 * Every event after `after` that fits, live, in order: also over a restart of Longshore, which is waited for. Ends when the
 * signal aborts.
 */
export async function* followEvents(
  open: Open,
  query: StreamQuery,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  let last = after
  let lostAt: number | undefined
  while (!signal.aborted) {
    try {
      const answer = await open({ ...query, after: last })
      lostAt = undefined
      for await (const { id, data } of serverSent(answer)) {
        last = id ?? last
        if (data !== undefined) yield Envelope.parse(JSON.parse(data))
      }
    } catch (error) {
      if (signal.aborted) return
      const waited = lostAt === undefined ? 0 : performance.now() - lostAt
      if (!(error instanceof UnreachableError) || waited > patience) throw error
    }
    lostAt ??= performance.now()
    await pause(between, signal)
  }
}

/** The messages of a text/event-stream; a heartbeat says how far was looked, without data. */
async function* serverSent(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ id: number | undefined; data: string | undefined }> {
  for await (const part of partsIn(stream, /\r?\n\r?\n/)) {
    const fields = (name: string) =>
      part
        .split(/\r?\n/)
        .filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).trimStart())
    const [id] = fields('id')
    const data = fields('data')
    yield {
      id: id === undefined ? undefined : Number(id),
      data: data.length > 0 ? data.join('\n') : undefined,
    }
  }
}
