import { deadline, RefusedError, servicesOf, serviceUnknown } from '@longshore/core'
import type { Config, Flow, GitProvider, HostInfo, Journal, RouteHandler } from '@longshore/core'
import type { Actor, Placement } from '@longshore/core/protocol'
import type { DeployPolicy } from './config.js'
import { approvalNeedless, approvedBefore, approverUnfit } from './errors.js'
import type { approvalRoutes } from './protocol.js'

/** What approving needs. */
export interface ApprovalParts {
  config: Config
  flow: Flow
  journal: Journal
  git: GitProvider
  host: HostInfo
}

/** Milliseconds that looking for the commit may take. */
const lookUp = 30_000
/** Whoever is none of these is no person, nor stands in for one. */
const persons: readonly Actor['kind'][] = ['user', 'local', 'token']

/** How the service is deployed; `auto` when it is not declared. */
export function policyOf(config: Config, service: string): DeployPolicy {
  return (config.current().services[service]?.policy['deploy'] ?? 'auto') as DeployPolicy
}

/** Records the approval, and lets the commit in unless something else keeps it out. */
export function approve(parts: ApprovalParts): RouteHandler<(typeof approvalRoutes)['approve']> {
  const { flow, journal } = parts
  return async ({ params: { service }, query: { host }, body: { commit, why }, actor }) => {
    if (!persons.includes(actor.kind)) throw approverUnfit(actor.kind)
    const placement = await approvable(parts, service, host, commit)
    const about = { service, commit, actor, why }
    const [approved] = await journal.record({ kind: 'commit.approved', ...about, data: {} })
    try {
      return await flow.request({ kind: 'admit', host, ...about })
    } catch (error) {
      const isHead = placement.waiting?.commit.sha === commit
      if (!isHead || !(error instanceof RefusedError)) throw error
      // It goes on waiting, for another reason now.
      await flow.request({ kind: 'reconsider', service, host, actor })
      return { seq: approved!.seq, waits: { code: error.code, reason: error.message } }
    }
  }
}

/** The placement for which the commit can be approved: it asks for that, and there is such a commit. */
async function approvable(
  { config, flow, git, host: own }: ApprovalParts,
  service: string,
  host: string | undefined,
  commit: string,
): Promise<Placement> {
  const placement = flow.placement(service, host ?? own.name)
  const source = servicesOf(config.current()).get(service)?.source
  if (!placement?.declared || !source || placement.host !== own.name) throw serviceUnknown(service, host)
  if (policyOf(config, service) === 'auto') throw approvalNeedless(service)
  if (placement.newest?.sha === commit) throw approvedBefore(service, commit)
  await git.fetch(source, commit, deadline(lookUp))
  return placement
}
