import { StringDecoder } from 'node:string_decoder'
import { deploymentUnknown, StreamReply, type Flow, type LogFrame, type RouteHandler } from '@longshore/core'
import type { coreRoutes, OutputLine } from '@longshore/core/protocol'
import { cursorUnknown } from '../input.js'
import type { ApiParts } from './parts.js'
import { placementsOf } from './services.js'

type Routes = typeof coreRoutes

export function listDeployments({ flow }: ApiParts): RouteHandler<Routes['deployments']> {
  return async ({ params: { service }, query: { limit, cursor, host } }) => {
    placementsOf(flow, service, host)
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw cursorUnknown()
    const before = cursor === undefined ? undefined : Number(cursor)
    const { items, next } = await flow.deployments(service, { host, before, limit })
    return { items, next: next === undefined ? null : String(next) }
  }
}

export function showDeployment({ flow }: ApiParts): RouteHandler<Routes['deployment']> {
  return async ({ params: { deployment }, sees }) => known(flow, deployment, sees)
}

export function cancelDeployment({ flow }: ApiParts): RouteHandler<Routes['cancel']> {
  return async ({ params: { deployment }, body, actor, sees }) => {
    await known(flow, deployment, sees)
    return flow.request({ kind: 'cancel', deployment, ...body, actor })
  }
}

export function deploymentOutput({ flow, journal, turns }: ApiParts): RouteHandler<Routes['output']> {
  return async ({ params: { deployment: id }, query, headers, sees, signal }) => {
    const follow = query.follow === '1'
    if (follow) await turns.wait(flow, journal, id, signal)
    const { service } = await known(flow, id, sees)
    const frames = whileSeen(flow.output(id, follow, signal), () => sees(service))
    return headers['accept']?.includes('application/x-ndjson')
      ? new StreamReply('application/x-ndjson', asLines(frames))
      : new StreamReply('text/plain; charset=utf-8', asText(frames))
  }
}

/** One of a service that the caller may not see is as if it were not there. */
async function known(flow: Flow, id: string, sees: (service: string) => boolean) {
  const deployment = await flow.deployment(id)
  if (!deployment || !sees(deployment.service)) throw deploymentUnknown(id)
  return deployment
}

/** Ends when what it is about may not be seen any more. */
async function* whileSeen<T>(frames: AsyncIterable<T>, isSeen: () => boolean): AsyncGenerator<T> {
  for await (const frame of frames) {
    if (!isSeen()) return
    yield frame
  }
}

const newline = Buffer.from('\n')

/** The exact bytes; where lines were removed, one says how many. */
async function* asText(frames: AsyncIterable<LogFrame>): AsyncGenerator<Uint8Array> {
  for await (const { lines, skipped } of frames) {
    const gap = skipped > 0 ? [Buffer.from(`[${skipped} lines are gone]\n`)] : []
    yield Buffer.concat([
      ...gap,
      ...lines.flatMap(({ bytes, partial }) => (partial ? [bytes] : [bytes, newline])),
    ])
  }
}

async function* asLines(frames: AsyncIterable<LogFrame>): AsyncGenerator<string> {
  // A long line comes in parts that may end within a character: each stream remembers the rest.
  const decoders = new Map<string, StringDecoder>()
  for await (const { lines, skipped } of frames) {
    const gap: OutputLine[] = skipped > 0 ? [{ skipped }] : []
    const said = lines.map(({ time, stream, bytes, partial }): OutputLine => {
      const decoder = decoders.get(stream) ?? new StringDecoder('utf8')
      decoders.set(stream, decoder)
      const text = partial ? decoder.write(Buffer.from(bytes)) : decoder.end(Buffer.from(bytes))
      return { time: new Date(time).toISOString(), stream, text, ...(partial && { partial }) }
    })
    yield [...gap, ...said].map((line) => `${JSON.stringify(line)}\n`).join('')
  }
}
