import { StringDecoder } from 'node:string_decoder'
import { describeError, serviceUnknown, StreamReply, type Clock, type RouteHandler } from '@longshore/core'
import { parseDuration, parseTime } from '@longshore/core/protocol'
import type { Archives } from './archive/archives.js'
import { linesOf, type Origin, type Records } from './archive/records.js'
import { statsInvalid, telemetryMissing } from './errors.js'
import type { Instances } from './instances.js'
import type { LogsLine, LogsQuery, StatsPoint, telemetryRoutes } from './protocol.js'
import { readArchive, type FoundLines } from './search/read.js'
import type { Searches } from './searches.js'
import { figures, ranged, type Point } from './series/ring.js'
import { coarseAge, coarseStep, fineAge, fineStep, type Series } from './series/series.js'

type Routes = typeof telemetryRoutes

/** What the routes are answered from. */
export interface RouteParts {
  archives: Archives
  searches: Searches
  series: Series
  instances: Instances
  clock: Clock
  host: string
  /** The run kind of a service of this host, and whether somebody tells what that kind prints and uses. */
  kindOf(service: string): { kind: string; told: boolean } | undefined
}

/** Points of one instance that are answered, at most. */
const mostPoints = 10_000

export function showLogs(parts: RouteParts): RouteHandler<Routes['logs']> {
  return async ({ params: { service }, query, headers, signal }) => {
    await known(parts, service)
    const archive = await parts.archives.get(service)
    const { deployment } = query
    const instances = deployment === undefined ? [] : await parts.instances.ofDeployment(service, deployment)
    const wanted = { ...asked(query, parts.clock), instances }
    const frames = await readArchive(archive, wanted, parts.searches, signal)
    return headers['accept']?.includes('application/x-ndjson')
      ? new StreamReply('application/x-ndjson', asLines(frames))
      : new StreamReply('text/plain; charset=utf-8', asText(frames))
  }
}

function asked({ since, until, follow, ...rest }: LogsQuery, clock: Clock) {
  const at = (text: string | undefined) => (text === undefined ? undefined : parseTime(text, clock.now()))
  return { ...rest, since: at(since), until: at(until), follow: follow === '1' }
}

/** Throws for a service that is neither declared on this host nor remembered. */
async function known({ archives, kindOf }: RouteParts, service: string): Promise<void> {
  const placed = kindOf(service)
  if (placed?.told) return
  if ((await archives.services()).includes(service)) return
  throw placed ? telemetryMissing(service, placed.kind) : serviceUnknown(service)
}

const newline = Buffer.from('\n')

/** The exact bytes; where lines are gone, one says how many. */
async function* asText(frames: AsyncIterable<FoundLines>): AsyncGenerator<Uint8Array> {
  try {
    for await (const { records, skipped } of frames) {
      if (skipped > 0) yield Buffer.from(`[${skipped} lines are gone]\n`)
      if (!records) continue
      const lines = linesOf(records)
      yield Buffer.concat(lines.flatMap(({ bytes, partial }) => (partial ? [bytes] : [bytes, newline])))
    }
  } catch (error) {
    // The status is sent: only the end of the answer can still tell.
    const { code, reason } = describeError(error)
    yield Buffer.from(`[${reason} (${code})]\n`)
  }
}

async function* asLines(frames: AsyncIterable<FoundLines>): AsyncGenerator<string> {
  const decoders = new Map<string, StringDecoder>()
  const json = (line: LogsLine) => `${JSON.stringify(line)}\n`
  try {
    for await (const { records, skipped } of frames) {
      if (skipped > 0) yield json({ skipped })
      if (records) yield said(records, decoders).map(json).join('')
    }
  } catch (error) {
    const { code, reason } = describeError(error)
    yield json({ code, detail: reason })
  }
}

/** A long line comes in parts that may end within a character: each stream of an instance remembers the rest. */
function said(records: Records, decoders: Map<string, StringDecoder>): LogsLine[] {
  const origins = new Map<string, Origin>(records.origins.map((origin) => [origin.instance, origin]))
  return linesOf(records).map(({ time, instance, stream, bytes, partial }) => {
    const key = `${stream} ${instance}`
    const decoder = decoders.get(key)
    let text: string
    if (partial) {
      const begun = decoder ?? new StringDecoder('utf8')
      decoders.set(key, begun)
      text = begun.write(Buffer.from(bytes))
    } else {
      text = decoder ? decoder.end(Buffer.from(bytes)) : Buffer.from(bytes).toString()
      decoders.delete(key)
    }
    const { deployment, name } = origins.get(instance)!
    return {
      time: new Date(time).toISOString(),
      instance,
      ...(name !== undefined && { name }),
      ...(deployment !== undefined && { deployment }),
      stream,
      text,
      ...(partial && { partial: true as const }),
    }
  })
}

export function showStats(parts: RouteParts): RouteHandler<Routes['stats']> {
  return async ({ params: { service }, query }) => {
    await known(parts, service)
    const now = parts.clock.now()
    const window = parseDuration(query.window)!
    const step = stepOf(window, query.step)
    const from = now - window
    const found = await parts.series.read(service, { from, to: now, step }, now)
    const instances = found.map(async ({ instance, points }) => ({
      instance,
      ...(await parts.instances.of(service, instance)),
      points: points.map(({ time, point }) => view(time, point)),
    }))
    return {
      service,
      host: parts.host,
      from: new Date(from).toISOString(),
      to: new Date(now).toISOString(),
      step,
      instances: await Promise.all(instances),
    }
  }
}

/** Milliseconds of a step: as asked, or some hundred steps of the window; whole steps of what is kept. */
function stepOf(window: number, asked: string | undefined): number {
  if (window > coarseAge) throw statsInvalid('the window reaches further back than 14d')
  const least = window > fineAge ? coarseStep : fineStep
  const wanted = asked === undefined ? Math.max(least, window / 360) : parseDuration(asked)!
  if (wanted < least) throw statsInvalid(`a window of more than 48h has steps of 1m or more, others of 10s`)
  const step = Math.ceil(wanted / least) * least
  if (window / step > mostPoints) throw statsInvalid(`a window has at most ${mostPoints} steps`)
  return step
}

function view(time: number, { values, least, most }: Point): StatsPoint {
  const told = figures.flatMap((figure, index) => {
    const value = values[index]!
    if (Number.isNaN(value)) return []
    const range = (ranged as readonly string[]).includes(figure)
    return [[figure, range ? { mean: value, least: least[index]!, most: most[index]! } : value]]
  })
  return { time: new Date(time).toISOString(), ...(Object.fromEntries(told) as Omit<StatsPoint, 'time'>) }
}
