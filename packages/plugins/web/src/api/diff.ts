import { deploymentUnknown, MissingError, type Flow, type RouteHandler, type Source } from '@longshore/core'
import {
  DeploymentId,
  type Commit,
  type coreRoutes,
  type Deployment,
  type DeploymentDiff,
} from '@longshore/core/protocol'
import type { ApiParts } from './parts.js'
import { placementsOf } from './services.js'

type Routes = typeof coreRoutes

/** Commits of each side that are compared. */
const most = 1_000

/** What differs between two deployments: what they brought, and what they used. */
export function showDiff({ flow, git, source, host }: ApiParts): RouteHandler<Routes['diff']> {
  return async ({ params: { service }, query, signal }) => {
    placementsOf(flow, service, query.host)
    const here = query.host ?? host.name
    const to = await named(flow, service, here, query.to, () => true)
    const earlier = ({ outcome, seq }: Deployment) => outcome === 'kept' && seq < to.seq
    const from = await named(flow, service, here, query.from, earlier)
    const about = { from, to, images: images(from, to) }
    const where = source(service)
    if (!where) return about
    const [commits, files] = await Promise.all([
      compare(git, where, from.commit.sha, to.commit.sha, signal),
      git.changed(where, from.commit.sha, to.commit.sha, signal).catch(() => undefined),
    ])
    signal.throwIfAborted()
    return { ...about, ...commits, files: files?.toSorted() }
  }
}

/** The deployment of that id, the last one of a commit that begins so, or the last one that fits. */
async function named(
  flow: Flow,
  service: string,
  host: string,
  name: string | undefined,
  fits: (deployment: Deployment) => boolean,
): Promise<Deployment> {
  if (name !== undefined && DeploymentId.safeParse(name).success) {
    const found = await flow.deployment(name)
    if (found?.service !== service) throw deploymentUnknown(name)
    return found
  }
  const wanted = name === undefined ? fits : ({ commit }: Deployment) => commit.sha.startsWith(name)
  for (let before: number | undefined; ;) {
    const { items, next } = await flow.deployments(service, { host, before, limit: 100 })
    const found = items.find(wanted)
    if (found) return found
    if (next === undefined) throw nothingSuch(service, name)
    before = next
  }
}

function nothingSuch(service: string, name: string | undefined): MissingError {
  const what = name === undefined ? 'two deployments to compare' : `a deployment of ${name}`
  return new MissingError('DIFF_NOTHING', `${service} does not have ${what}`, {
    hint: `Look at longshore deployments ${service}`,
  })
}

type Histories = Pick<DeploymentDiff, 'commits' | 'back'>

/** What each side has that the other has not; nothing where one of them is not to be had. */
async function compare(
  git: ApiParts['git'],
  source: Source,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<Histories> {
  const tell = (sha: string) => git.history(source, sha, most, signal).catch(() => undefined)
  const [before, after] = await Promise.all([tell(from), tell(to)])
  if (!before || !after || before.fault || after.fault) return {}
  const without = (commits: Commit[], others: Commit[]) => {
    const shas = new Set(others.map(({ sha }) => sha))
    return commits.filter(({ sha }) => !shas.has(sha))
  }
  const holds = (commits: Commit[], sha: string) => commits.some((each) => each.sha === sha)
  if (holds(after.commits, from)) return { commits: without(after.commits, before.commits), back: [] }
  if (holds(before.commits, to)) return { commits: [], back: without(before.commits, after.commits) }
  // Where they part may lie further back than what was looked at.
  if (after.commits.length >= most || before.commits.length >= most) return {}
  return {
    commits: without(after.commits, before.commits),
    back: without(before.commits, after.commits),
  }
}

function images({ made: a }: Deployment, { made: b }: Deployment): DeploymentDiff['images'] {
  const names = new Set([...Object.keys(a?.images ?? {}), ...Object.keys(b?.images ?? {})])
  return [...names].sort().map((name) => ({ name, from: a?.images[name], to: b?.images[name] }))
}
