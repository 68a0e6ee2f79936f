import { z } from 'zod'
import { DeploymentDiff } from './diff.js'
import { DeploymentId, HostName, ServiceName, Sha } from './names.js'
import { PlanView } from './plan-view.js'
import { Accepted, shape } from './rest.js'
import { ActedWhere, Where } from './where.js'

const host = z.strictObject({ host: HostName.optional() })
const service = z.strictObject({ service: ServiceName })
const quarantined = z.strictObject({ service: ServiceName, commit: Sha })
const why = z.string().trim().min(1).max(2000)
/** A commit, or at least seven digits with which only one begins that is known here. */
const commitStart = z.string().regex(/^[0-9a-f]{7,64}$/, { error: '7 to 64 hex digits: how a commit begins' })

/** What people want of a service's commits, and what they ask of them. */
export const intentRoutes = {
  quarantine: shape({
    method: 'PUT',
    path: '/services/:service/quarantines/:commit',
    summary: 'Bar a commit: it never runs again, however it arrives, until it is lifted',
    right: 'services:stop',
    params: quarantined,
    query: host,
    body: z.strictObject({
      why,
      /** All that contains it is barred too. */
      descendants: z.boolean().optional(),
      /** It counts for every service of the repository. */
      repository: z.boolean().optional(),
    }),
    response: Accepted,
    status: 202,
  }),
  lift: shape({
    method: 'DELETE',
    path: '/services/:service/quarantines/:commit',
    summary: 'Lift a quarantine; where the commit is the newest it is brought',
    right: 'services:stop',
    params: quarantined,
    query: host,
    body: z.strictObject({ why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  pin: shape({
    method: 'POST',
    path: '/services/:service/pin',
    summary: 'Keep the service on one commit, whatever comes',
    right: 'services:deploy',
    params: service,
    query: host,
    body: z.strictObject({ commit: Sha, why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  unpin: shape({
    method: 'POST',
    path: '/services/:service/unpin',
    summary: 'Take the pin off; the newest admitted commit is brought',
    right: 'services:stop',
    params: service,
    query: host,
    body: z.strictObject({ why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  where: shape({
    method: 'GET',
    path: '/where/:commit',
    summary: 'Services and hosts that run, would run or could return to a commit that contains it',
    right: 'services:read',
    scoped: true,
    params: z.strictObject({ commit: commitStart }),
    response: Where,
  }),
  stopWhere: shape({
    method: 'POST',
    path: '/where/:commit/stop',
    summary: 'Stop and hold every service that runs, or would run, a commit that contains it',
    right: 'services:stop',
    scoped: true,
    params: z.strictObject({ commit: commitStart }),
    body: z.strictObject({ why }),
    response: ActedWhere,
  }),
  quarantineWhere: shape({
    method: 'POST',
    path: '/where/:commit/quarantine',
    summary: 'Bar it, with all that contains it, from every service whose commits contain it',
    right: 'services:stop',
    scoped: true,
    params: z.strictObject({ commit: commitStart }),
    body: z.strictObject({ why }),
    response: ActedWhere,
  }),
  plan: shape({
    method: 'GET',
    path: '/services/:service/plan',
    summary:
      'What a deployment would change, of what should run or of the commit named; the host is not touched',
    right: 'services:read',
    params: service,
    query: z.strictObject({ commit: Sha.optional() }),
    response: PlanView,
  }),
  diff: shape({
    method: 'GET',
    path: '/services/:service/diff',
    summary:
      'What differs between two deployments; without names, between the last one and what was kept before it',
    right: 'services:read',
    params: service,
    /** Deployments, or commits: then the last deployment of it. */
    query: z.strictObject({
      from: z.union([DeploymentId, commitStart]).optional(),
      to: z.union([DeploymentId, commitStart]).optional(),
      host: HostName.optional(),
    }),
    response: DeploymentDiff,
  }),
} as const
