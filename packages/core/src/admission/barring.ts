import type { Source } from '../contracts/git-provider.js'
import { actorWord, type Commit, type CoreDraft, type Placement, type Quarantine } from '../protocol/index.js'
import { UnavailableError } from '../kernel/errors.js'
import type { Asking, Judgement, Refusal } from '../kernel/hooks.js'
import type { FlowParts } from '../flow/parts.js'

type Parts = Pick<FlowParts, 'git' | 'journal'>

/** What bars a commit from a service. */
export interface Bar extends Refusal {
  quarantine: Quarantine
  /** Placed for another service, and for the whole repository: to be recorded here as well. */
  adopt?: CoreDraft
}

/**
 * Whether a commit is barred from the placement: by its own quarantines, by what it contains where they bar that too, and
 * by those that count for a whole repository, whichever service they were placed for. A sha says what it is wherever it
 * comes from, so such a one counts in a fork and under another address of the repository, too.
 * Rejects with ANCESTRY_UNKNOWN when nobody can tell now: closed, until somebody can.
 */
export async function barring(
  parts: Parts,
  source: Source,
  placement: Placement,
  commit: Commit,
  signal: AbortSignal,
): Promise<Bar | undefined> {
  const own = placement.quarantines
  const others = parts.journal
    .here()
    .filter((each) => each !== placement)
    .flatMap(({ quarantines, source: { url } }) =>
      quarantines.filter(({ repository }) => repository).map((each) => ({ ...each, url })),
    )
  const same = [...own, ...others].find(({ sha, bars }) => sha === commit.sha || bars?.includes(commit.sha))
  if (same) return barBy(same, placement, commit)
  const wider = [...own, ...others.filter(({ url }) => sameAddress(url, source.url))]
  for (const each of wider.filter(({ descendants }) => descendants)) {
    if (await containsSurely(parts, source, commit.sha, each.sha, signal))
      return barBy(each, placement, commit)
  }
  return undefined
}

/** What bars a commit, or else what the taps say of it: nobody is asked about what is barred. */
export async function judge(
  parts: Parts & Pick<FlowParts, 'hooks'>,
  source: Source,
  placement: Placement,
  commit: Commit,
  asking: Asking,
  signal: AbortSignal,
): Promise<Judgement & { bar?: Bar }> {
  const bar = await barring(parts, source, placement, commit, signal)
  return bar ? { bar, refusal: bar } : parts.hooks.admit(commit, placement, asking)
}

function barBy(bar: Quarantine, placement: Placement, commit: Commit): Bar {
  const { sha, by, since, why } = bar
  const contains = sha === commit.sha ? '' : `it contains ${sha.slice(0, 7)}, which is `
  const who = by.kind === 'system' ? 'by itself' : `by ${actorWord(by)}`
  const reason = `${contains}quarantined ${who} since ${since}${why ? `: ${why}` : ''}`
  const found: Bar = { code: 'COMMIT_QUARANTINED', reason, quarantine: bar }
  if (placement.quarantines.includes(bar)) return found
  const bars = sha === commit.sha ? undefined : [commit.sha]
  return { ...found, adopt: placed(placement.service, { ...bar, bars }) }
}

/** What bars a commit that contains it bars it by name from now on: `desired` knows no history. */
export function barByName({ service }: Placement, bar: Quarantine, sha: string): CoreDraft {
  return placed(service, { ...bar, bars: [...(bar.bars ?? []), sha].slice(-100) })
}

function placed(service: string, { sha, by, why, descendants, repository, bars }: Quarantine): CoreDraft {
  const about = { service, commit: sha, actor: by, why }
  return { kind: 'quarantine.placed', ...about, data: { descendants, repository, bars } }
}

/** Whether `ancestor` is in the history of `sha`; rejects with ANCESTRY_UNKNOWN when that cannot be told. */
export async function containsSurely(
  { git }: Pick<Parts, 'git'>,
  source: Source,
  sha: string,
  ancestor: string,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = sha === ancestor || (await git.contains(source, sha, ancestor, signal, true))
  if (answer !== undefined) return answer
  const message = `whether ${sha.slice(0, 7)} contains ${ancestor.slice(0, 7)} cannot be told: its history is not to be had now`
  throw new UnavailableError('ANCESTRY_UNKNOWN', message, {
    hint: 'Ask again when the git server answers; a quarantine without descendants needs no history.',
  })
}

/** Whether two addresses name one repository: by another scheme, another user, with or without `.git`. */
export function sameAddress(a: string, b: string): boolean {
  return placeOf(a) === placeOf(b)
}

function placeOf(url: string): string {
  const short = /^(?:[^@/]+@)?([^:/]+):(?!\/\/)(.+)$/.exec(url)
  const place = short ? `${short[1]}/${short[2]}` : url.replace(/^[a-z+]+:\/\/(?:[^@/]*@)?/, '')
  return place
    .replace(/:\d+(?=\/)/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .toLowerCase()
}
