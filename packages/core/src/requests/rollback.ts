import type { Advance } from '../journal/advance.js'
import { InputError, RefusedError } from '../kernel/errors.js'
import { isKind, type Deployment, type Placement } from '../protocol/index.js'

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
  const running = placement.running?.deployment
  let looked = 0
  for await (const deployment of keptBefore(journal, placement)) {
    if (++looked > reach) break
    const fits = to === undefined ? deployment.id !== running : deployment.commit.sha.startsWith(to)
    if (fits) return deployment
  }
  const what = to === undefined ? 'no deployment before that which runs' : `no deployment of ${to}`
  throw new RefusedError('ROLLBACK_NOWHERE', `${what} of ${placement.service} was kept`, {
    hint: `Look at longshore deployments ${placement.service}, or deploy a commit by name.`,
  })
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
async function* keptBefore(journal: Advance, { service, host }: Placement): AsyncGenerator<Deployment> {
  for (let before: number | undefined = undefined as number | undefined; ;) {
    const page = await journal.read({ service, host, kind: 'deployment.settled', before, limit: 100 })
    for (const event of page.events) {
      if (!isKind(event, 'deployment.settled') || event.data.outcome !== 'kept') continue
      const deployment = await journal.deployment(event.deployment!)
      if (deployment) yield deployment
    }
    if (page.next === undefined) return
    before = page.next
  }
}
