import type { Advance } from '../journal/advance.js'
import { InputError, RefusedError } from '../kernel/errors.js'
import { isBarred, isKind, type Deployment, type Placement } from '../protocol/index.js'

/** Deployments that are looked through for one that was kept, newest first. */
const reach = 1_000

/**
 * The deployment that a rollback repeats: the one named, the newest kept one of the commit named, or without a name the one
 * kept before that which runs. Errors: ROLLBACK_NOWHERE, ROLLBACK_NOT_KEPT.
 */
export async function rollbackTarget(
  journal: Advance,
  placement: Placement,
  to: string | undefined,
): Promise<Deployment> {
  const named = to === undefined ? undefined : await journal.deployment(to)
  if (named) return keptOf(placement, named)
  const running = placement.running && (await journal.deployment(placement.running.deployment))
  let looked = 0
  for await (const deployment of keptBefore(journal, placement)) {
    if (++looked > reach) break
    const other = brings(deployment, running) && !isBarred(placement, deployment.commit)
    const fits = to === undefined ? other : deployment.commit.sha.startsWith(to)
    if (fits) return deployment
  }
  // The journal may not reach back that far: the placement remembers what was kept.
  const known = placement.kept?.find(({ commit }) =>
    to === undefined
      ? commit.sha !== running?.commit.sha && !isBarred(placement, commit)
      : commit.sha.startsWith(to),
  )
  const kept = known && (await journal.deployment(known.deployment))
  if (kept) return kept
  const what = to === undefined ? 'no deployment before that which runs' : `no deployment of ${to}`
  throw new RefusedError('ROLLBACK_NOWHERE', `${what} of ${placement.service} was kept`, {
    hint: `Look at longshore deployments ${placement.service}, or deploy a commit by name.`,
  })
}

/** Whether it would bring something else than what runs: another commit, or the same with other images. */
function brings(deployment: Deployment, running: Deployment | undefined): boolean {
  if (deployment.id === running?.id) return false
  const images = ({ made }: Deployment) => JSON.stringify(Object.entries(made?.images ?? {}).sort())
  return deployment.commit.sha !== running?.commit.sha || images(deployment) !== images(running)
}

function keptOf({ service, host }: Placement, deployment: Deployment): Deployment {
  if (deployment.service === service && deployment.host === host && deployment.outcome === 'kept')
    return deployment
  const why =
    deployment.service === service
      ? `it was ${deployment.outcome ?? 'not settled'}`
      : `it is of ${deployment.service}`
  throw new InputError(
    'ROLLBACK_NOT_KEPT',
    `${deployment.id} is nothing that ${service} can go back to: ${why}`,
    {
      hint: `Name one that was kept: longshore deployments ${service}`,
    },
  )
}

/** What was kept for the placement and can be repeated, newest first. */
export async function* keptBefore(
  journal: Advance,
  { service, host }: Pick<Placement, 'service' | 'host'>,
): AsyncGenerator<Deployment> {
  for (let before: number | undefined = undefined as number | undefined; ;) {
    const page = await journal.read({ service, host, kind: 'deployment.settled', before, limit: 100 })
    for (const event of page.events) {
      if (!isKind(event, 'deployment.settled') || event.data.outcome !== 'kept') continue
      // Kept although it was ill: nothing to go back to.
      if (event.data.code !== undefined) continue
      const deployment = await journal.deployment(event.deployment!)
      if (deployment) yield deployment
    }
    if (page.next === undefined) return
    before = page.next
  }
}
