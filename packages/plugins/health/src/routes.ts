import { serviceUnknown, type Clock, type Flow, type RouteHandler } from '@longshore/core'
import { parseDuration, type Placement } from '@longshore/core/protocol'
import type { Board } from './checks/board.js'
import type { Check } from './checks/check.js'
import { targetWords } from './checks/words.js'
import type { CheckedCommit, CheckStep, CheckView, healthRoutes } from './protocol.js'
import type { CommitRecord } from './series/commits.js'
import { bins, medianOf, unpack } from './series/latency.js'
import { coarseStep, fineAge, fineStep, type Series } from './series/series.js'

export interface RouteParts {
  board: Board
  series: Series
  flow: Flow
  clock: Clock
  host: string
}

/** What is asked for, in milliseconds since the epoch. */
interface Window {
  from: number
  to: number
  which: 'fine' | 'coarse'
}

export function showChecks(parts: RouteParts): RouteHandler<(typeof healthRoutes)['checks']> {
  const { board, series, flow, clock, host } = parts
  return async ({ params: { service }, query }) => {
    const placement = flow.placement(service, host)
    const checks = board.of(service)
    if (!placement && checks.length === 0) throw serviceUnknown(service)
    const to = clock.now()
    const span = parseDuration(query.window)!
    const window: Window = { from: to - span, to, which: span <= fineAge ? 'fine' : 'coarse' }
    const commits = await series.commits(service)
    const subjects = subjectsOf(placement)
    const { commit, deployment } = checks[0]?.aim ?? {}
    const paused = board.pause(service)
    return {
      service,
      host,
      from: iso(window.from),
      to: iso(to),
      step: window.which === 'fine' ? fineStep : coarseStep,
      ...(commit && { commit: commit.sha, deployment }),
      ...(paused !== undefined && { paused }),
      checks: checks.map((check) => ({
        ...view(check, series, window),
        commits: (commits.get(check.name) ?? []).map((record) => commitView(record, subjects)),
      })),
    }
  }
}

function view(check: Check, series: Series, window: Window): Omit<CheckView, 'commits'> {
  const { name, key, config, standing, last } = check
  const { kind, every, timeout, startAfter, unhealthyAfter, healthyAfter } = config
  const { from, to, which } = window
  const steps = series.steps(key, which, from, to).map((each) => stepView(each))
  const missed = steps.reduce((sum, each) => sum + (each.missed ?? 0), 0)
  const looks = steps.reduce((sum, { healthy, ill, unknown }) => sum + healthy + ill + unknown, 0)
  const { state, since } = standing
  const reason = state === 'unhealthy' ? standing.reason : state === 'unknown' ? reasonOf(last) : undefined
  const warning = last?.verdict.state === 'healthy' ? last.verdict.warning : undefined
  return {
    ...{
      name,
      kind,
      target: targetWords(config),
      every,
      timeout,
      startAfter,
      unhealthyAfter,
      healthyAfter,
      state,
    },
    ...(since !== undefined && { since: iso(since) }),
    ...(reason !== undefined && { reason }),
    ...(warning !== undefined && { warning }),
    ...(last && {
      last: { at: iso(last.at), took: tenths(last.took), state: last.verdict.state, say: sayOf(last) },
    }),
    uptime: uptime(series, key, to),
    looks,
    missed,
    steps,
  }
}

function reasonOf(last: Check['last']): string | undefined {
  return last && last.verdict.state !== 'healthy' ? last.verdict.reason : undefined
}

function sayOf({ verdict }: NonNullable<Check['last']>): string | undefined {
  return verdict.state === 'healthy' ? verdict.say : verdict.reason
}

function stepView({ at, values }: { at: number; values: number[] }): CheckStep {
  const [healthy = 0, ill = 0, unknown = 0, missed, median, p95] = values
  const seen = healthy + ill > 0
  return {
    time: iso(at),
    ...{ healthy, ill, unknown },
    ...(missed !== undefined && { missed }),
    ...(seen && median !== undefined && { median: unpack(median) }),
    ...(seen && p95 !== undefined && { p95: unpack(p95) }),
  }
}

/** Of a day exactly; of more to the hour. */
function uptime(series: Series, key: string, now: number): CheckView['uptime'] {
  const of = (which: 'fine' | 'coarse', days: number) => {
    const steps = series.steps(key, which, now - days * fineAge, now)
    const [well, ill] = [0, 1].map((field) => steps.reduce((sum, { values }) => sum + values[field]!, 0))
    return shareOf(well!, ill!)
  }
  return { '24h': of('fine', 1), '7d': of('coarse', 7), '30d': of('coarse', 30) }
}

function shareOf(well: number, ill: number): number | undefined {
  return well + ill > 0 ? well / (well + ill) : undefined
}

function commitView(record: CommitRecord, subjects: ReadonlyMap<string, string>): CheckedCommit {
  const { sha, since, until, ran, healthy, ill, ills } = record
  const subject = subjects.get(sha)
  const median = medianOf(Array.from({ length: bins }, (_, bin) => record.bins[bin] ?? 0))
  return {
    sha,
    ...(subject !== undefined && { subject }),
    ...{ since: iso(since), until: iso(until), ran, looks: healthy + ill, healthy: shareOf(healthy, ill) },
    ...(median !== undefined && { median: tenths(median) }),
    ills: ills.map(({ at, reason }) => ({ at: iso(at), reason })),
  }
}

/** First lines of the messages of commits that the placement knows. */
function subjectsOf(placement: Placement | undefined): Map<string, string> {
  const { kept = [], running, newest, last, deployment } = placement ?? {}
  const known = [...kept, running, deployment, last].flatMap((each) => each?.commit ?? [])
  return new Map(
    [...known, ...(newest ? [newest] : [])].map(({ sha, message }) => [sha, message.split('\n', 1)[0]!]),
  )
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
