import type { Source } from '../contracts/git-provider.js'
import { containsSurely } from '../admission/barring.js'
import type { FlowParts } from '../flow/parts.js'
import { servicesOf } from '../flow/service.js'
import { describeError, InputError, MissingError } from '../kernel/errors.js'
import {
  desired,
  isBarred,
  knownCommits,
  type Commit,
  type Placement,
  type Where,
  type WhereItem,
} from '../protocol/index.js'
import { keptBefore } from '../requests/rollback.js'

/** Services that are looked at at the same time. */
const together = 4
/** Deployments that are looked through for the first that contained a commit. */
const reach = 1_000
/** Commits of a source in which the beginning of an id is looked up. */
const recent = 1_000

type Parts = Pick<FlowParts, 'git' | 'journal' | 'host' | 'config'>
/** Whether a commit contains the one asked for. */
type Contains = (sha: string) => Promise<boolean>

/** Every placement of this host that runs, would run or could return to a commit that contains the one given. */
export async function whereIs(parts: Parts, start: string, signal: AbortSignal): Promise<Where> {
  const commit = await wholeId(parts, start, signal)
  const found: Where = { commit, items: [], unknown: [] }
  const sources = servicesOf(parts.config())
  const rest = parts.journal.here().filter(({ declared }) => declared)
  const work = async () => {
    for (let placement; (placement = rest.shift());) {
      const { service, host } = placement
      const source = sources.get(service)?.source
      if (!source) continue
      try {
        const contains = asking(parts, source, commit, signal)
        const item = await lookAt(parts, placement, commit, contains)
        if (item) found.items.push(item)
      } catch (error) {
        signal.throwIfAborted()
        found.unknown.push({ service, host, ...describeError(error) })
      }
    }
  }
  await Promise.all(Array.from({ length: together }, work))
  const byName = (a: { service: string }, b: { service: string }) => (a.service < b.service ? -1 : 1)
  return { commit, items: found.items.sort(byName), unknown: found.unknown.sort(byName) }
}

/** Asks each commit once. */
function asking(parts: Parts, source: Source, ancestor: string, signal: AbortSignal): Contains {
  const known = new Map<string, Promise<boolean>>()
  return (sha) => {
    const answer = known.get(sha) ?? containsSurely(parts, source, sha, ancestor, signal)
    known.set(sha, answer)
    return answer
  }
}

async function lookAt(
  parts: Parts,
  placement: Placement,
  sha: string,
  contains: Contains,
): Promise<WhereItem | undefined> {
  const { service, host, running, waiting, kept = [], hold, quarantines } = placement
  const containing = async (commit: Commit | undefined) =>
    commit && (await contains(commit.sha)) ? commit.sha : undefined
  const runs = await containing(running?.commit)
  // What is held would run again once it is released.
  const would = await containing(desired({ ...placement, hold: undefined }).commit)
  const waits = await containing(waiting?.commit)
  const back: string[] = []
  for (const { commit } of kept)
    if (commit.sha !== runs && !isBarred(placement, commit) && (await contains(commit.sha)))
      back.push(commit.sha)
  const quarantined = quarantines.some((each) => each.sha === sha)
  if (!runs && !would && !waits && back.length === 0 && !quarantined) return undefined
  const since = runs && (await sinceWhen(parts, placement, contains))
  return {
    service,
    host,
    runs: runs ? { commit: runs, since: since! } : undefined,
    would,
    waits,
    back,
    quarantined,
    held: hold !== undefined,
  }
}

/** When the first of the deployments in a row was kept that contain the commit. */
async function sinceWhen({ journal }: Parts, placement: Placement, contains: Contains): Promise<string> {
  let since = placement.running!.since
  let looked = 0
  for await (const { commit, phases } of keptBefore(journal, placement)) {
    if (++looked > reach || !(await contains(commit.sha))) break
    since = phases.at(-1)?.at ?? since
  }
  return since
}

/** The one commit that begins like this, of those that the services know and that their sources show. */
async function wholeId(
  { git, journal, host, config }: Parts,
  start: string,
  signal: AbortSignal,
): Promise<string> {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(start)) return start
  const known = new Set(journal.here().flatMap(commitsOf))
  const fits = () => [...known].filter((sha) => sha.startsWith(start))
  if (fits().length === 0) {
    for (const { source, name } of servicesOf(config()).values()) {
      const head = journal.placement(name, host)?.seen
      if (!head) continue
      const told = await git.history(source, head.sha, recent, signal).catch(() => undefined)
      signal.throwIfAborted()
      for (const { sha } of told?.commits ?? []) known.add(sha)
    }
  }
  const [only, other] = fits()
  if (only && !other) return only
  if (other)
    throw new InputError('COMMIT_AMBIGUOUS', `more than one commit begins with ${start}`, {
      hint: 'Give the full id.',
    })
  throw new MissingError('COMMIT_UNKNOWN', `no commit that is known here begins with ${start}`, {
    hint: 'Give the full id: whether something contains it is then looked up in the repositories.',
  })
}

function commitsOf(placement: Placement): string[] {
  return [...knownCommits(placement), ...placement.quarantines.map(({ sha }) => sha)]
}
