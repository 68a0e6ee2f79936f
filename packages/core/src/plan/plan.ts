import { join } from 'node:path'
import { judge } from '../admission/barring.js'
import type { ApplyContext, Plan } from '../contracts/runtime.js'
import type { FlowParts } from '../flow/parts.js'
import { planOf } from '../flow/plan.js'
import type { Service } from '../flow/service.js'
import { serviceUnknown } from '../requests/unknown.js'
import { RefusedError } from '../kernel/errors.js'
import type { Refusal } from '../kernel/hooks.js'
import { newId } from '../kernel/ids.js'
import { heldError, pinnedError } from '../requests/asked.js'
import { desired, type Actor, type Commit, type Placement, type PlanView } from '../protocol/index.js'

export interface PlanAsked {
  service: string
  /** Absent: what should run, or what waits to be let in. */
  commit?: string
  actor: Actor
}

/** What a deployment of the commit would change. Nothing is recorded, and the host is not touched. */
export async function previewOf(
  parts: FlowParts,
  { service: name, commit: sha, actor }: PlanAsked,
  signal: AbortSignal,
): Promise<PlanView> {
  const { journal, host, git } = parts
  const placement = journal.placement(name, host)
  const service = parts.service(name)
  if (!placement || !service) throw serviceUnknown(name)
  const { source } = service
  const commit = sha === undefined ? wanted(placement) : await git.fetch(source, sha, signal)
  const from = placement.running?.commit
  const asking = { actor, trigger: 'operator' } as const
  const { bar, refusal: said } = await judge(parts, source, placement, commit, asking, signal)
  // What bars it first, then what keeps the service as it is, whatever is let in.
  const stays = bar ? undefined : (heldError(placement) ?? pinnedError(placement, commit.sha))
  const refusal: Refusal | undefined = stays ? { code: stays.code, reason: stays.message } : said
  const files = from && (await git.changed(source, from.sha, commit.sha, signal).catch(() => undefined))
  const preview = await looked(parts, service, commit, signal)
  const barred = refusal && { code: refusal.code, reason: refusal.reason, until: refusal.until }
  return { service: name, host, commit, from, files: files?.toSorted(), barred, preview }
}

function wanted(placement: Placement): Commit {
  const { hold: _held, ...free } = placement
  const commit = placement.waiting?.commit ?? desired(free).commit
  if (commit) return commit
  throw new RefusedError('NOTHING_TO_DEPLOY', `no commit of ${placement.service} was admitted yet`, {
    hint: `Name one, or push one: longshore plan ${placement.service} COMMIT`,
  })
}

/** What the run kind says of it, from a tree that is gone afterwards. */
async function looked(parts: FlowParts, service: Service, commit: Commit, signal: AbortSignal) {
  const { git, checkouts, hooks, runtimes, host, clock } = parts
  const runtime = runtimes.get(service.run.kind)
  if (!runtime?.preview) return undefined
  const { source, path } = service
  await git.fetch(source, commit.sha, signal)
  const fill = async (directory: string) => void (await git.checkout(source, commit.sha, directory, signal))
  return checkouts.borrow(fill, async (tree) => {
    const directory = join(tree, path)
    const plan: Plan = planOf(service, { deployment: newId(clock.now()), commit, host, directory })
    return runtime.preview!(await hooks.plan(plan), contextOf(parts, signal))
  })
}

/** Nobody reads what is printed meanwhile. */
function contextOf({ secrets }: FlowParts, signal: AbortSignal): ApplyContext {
  return {
    signal,
    output: { write: () => Promise.resolve() },
    secret: (reference) => secrets.open(reference, signal),
    aside: (work) => work(),
  }
}
