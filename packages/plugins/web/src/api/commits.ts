import {
  describeError,
  LongshoreError,
  UnavailableError,
  type EventQuery,
  type Flow,
  type Journal,
  type RouteHandler,
} from '@longshore/core'
import { barOf, isKind, type Commit, type CommitPage, type CommitView } from '@longshore/core/protocol'
import type { coreRoutes, Event, Placement } from '@longshore/core/protocol'
import { cursorUnknown } from '../input.js'
import type { ApiParts } from './parts.js'
import { placementsOf } from './services.js'

type Routes = typeof coreRoutes
type Unreachable = CommitPage['unreachable']

/** As many commits of the repository, and events of each kind, are looked at. */
const most = 1000
const verdicts = ['commit.admitted', 'commit.waiting', 'commit.skipped', 'commit.refused'] as const

/**
 * What the repository tells of the commits up to the one seen last, and what the journal tells of each. Commits that the
 * repository does not show (any more) and that were seen here are among them by their time.
 */
export function listCommits(parts: ApiParts): RouteHandler<Routes['commits']> {
  const { flow, journal } = parts
  return async ({ params: { service }, query: { limit, cursor, host }, signal }) => {
    const placements = placementsOf(flow, service, host)
    const [told, events] = await Promise.all([
      history(parts, placements, signal),
      eventsByCommit(journal, { service, host }),
    ])
    const commits = withKnown(told.commits, [...commitsOf(placements), ...commitsIn(events)])
    const { unreachable } = told
    if (unreachable && commits.length === 0) {
      throw new UnavailableError(unreachable.code, unreachable.reason, {
        hint: 'No commit of it was ever seen here; it is tried again by itself.',
      })
    }
    const from = cursor === undefined ? 0 : commits.findIndex(({ sha }) => sha === cursor) + 1
    if (cursor !== undefined && from === 0) throw cursorUnknown()
    const page = commits.slice(from, from + limit)
    const items = page.map((commit) => viewOf(commit, events.get(commit.sha) ?? [], placements, flow))
    const next = from + limit < commits.length ? page.at(-1)!.sha : null
    return { items: await Promise.all(items), next, unreachable }
  }
}

/** Newest first: what the repository tells, or what is kept of it here and why there is no more. */
async function history(
  { git, source, host }: ApiParts,
  placements: Placement[],
  signal: AbortSignal,
): Promise<{ commits: Commit[]; unreachable?: Unreachable }> {
  const { service, seen, newest, unreachable } =
    placements.find((each) => each.host === host.name) ?? placements[0]!
  const away = unreachable && { code: unreachable.code, reason: unreachable.reason }
  const [from, head] = [source(service), seen ?? newest]
  if (!from || !head) return { commits: [], unreachable: away }
  try {
    const { commits, fault } = await git.history(from, head.sha, most, signal)
    return { commits, unreachable: fault ?? away }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof LongshoreError)) throw error
    return { commits: [], unreachable: describeError(error) }
  }
}

/** The service's newest verdicts and deployments, by commit; each newest first. */
async function eventsByCommit(
  journal: Journal,
  about: Pick<EventQuery, 'service' | 'host'>,
): Promise<Map<string, Event[]>> {
  const kinds = [...verdicts, 'deployment.queued']
  const found = await Promise.all(kinds.map((kind) => newestEvents(journal, { ...about, kind })))
  const byCommit = new Map<string, Event[]>()
  for (const event of found.flat().sort((a, b) => b.seq - a.seq)) {
    const others = byCommit.get(event.commit!) ?? []
    byCommit.set(event.commit!, [...others, event])
  }
  return byCommit
}

async function newestEvents(journal: Journal, filter: Partial<EventQuery>): Promise<Event[]> {
  const found: Event[] = []
  for (let before: number | undefined; ;) {
    // A page of the store does a bounded amount of work: it may be short although there is more.
    const { events, next } = await journal.read({ ...filter, before, limit: most - found.length })
    found.push(...events)
    if (next === undefined || found.length >= most) return found
    before = next
  }
}

function commitsOf(placements: Placement[]): Commit[] {
  const known = placements.flatMap(({ seen, newest, running, pin }) => [
    seen,
    newest,
    running?.commit,
    pin?.commit,
  ])
  return known.filter((commit) => commit !== undefined)
}

function commitsIn(events: ReadonlyMap<string, Event[]>): Commit[] {
  return [...events.values()].flatMap(([event]) =>
    event && isKind(event, ...verdicts, 'deployment.queued') ? [event.data.commit] : [],
  )
}

/** The order of the history stays; what is not in it goes before the first that is older. */
function withKnown(commits: readonly Commit[], known: readonly Commit[]): Commit[] {
  const all = [...commits]
  const shas = new Set(all.map(({ sha }) => sha))
  for (const commit of known) {
    if (shas.has(commit.sha)) continue
    shas.add(commit.sha)
    const at = all.findIndex(({ time }) => time < commit.time)
    all.splice(at < 0 ? all.length : at, 0, commit)
  }
  return all
}

async function viewOf(
  commit: Commit,
  events: Event[],
  placements: Placement[],
  flow: Flow,
): Promise<CommitView> {
  const hosts = (of: (placement: Placement) => Commit | undefined) =>
    placements.filter((each) => of(each)?.sha === commit.sha).map(({ host }) => host)
  const queued = events.filter((event) => isKind(event, 'deployment.queued'))
  const deployments = queued.map(async ({ deployment, time: at }) => {
    const found = await flow.deployment(deployment!)
    if (!found) return []
    const { id, host, phase, outcome, code, reason } = found
    return [{ id, host, phase, outcome, code, reason, at }]
  })
  return {
    ...commit,
    newest: hosts(({ newest }) => newest),
    runs: hosts(({ running }) => running?.commit),
    quarantine: placements.map((placement) => barOf(placement, commit)).find((bar) => bar !== undefined),
    verdict: verdictOf(events.find((event) => isKind(event, ...verdicts))),
    deployments: (await Promise.all(deployments)).flat(),
  }
}

function verdictOf(event: Event | undefined): CommitView['verdict'] {
  if (!event || !isKind(event, ...verdicts)) return undefined
  const last = { host: event.host, by: event.actor, at: event.time }
  if ('held' in event.data) return { kind: 'admitted', ...last, signer: event.data.signer }
  const { code, reason } = event.data
  if (!isKind(event, 'commit.waiting'))
    return { kind: isKind(event, 'commit.skipped') ? 'skipped' : 'refused', ...last, code, reason }
  const { until, signer } = event.data
  return { kind: 'waiting', ...last, code, reason, until, signer }
}
