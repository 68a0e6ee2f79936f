import { z } from 'zod'
import { Deployment, Phase } from './deployment.js'
import { Envelope } from './event.js'
import { DeploymentId, HostName, ServiceName, Sha, Timestamp } from './names.js'
import { Placement } from './placement.js'

/** The right that a route asks for; nothing is open that does not say so. */
export type Right = 'none' | `${string}:${'read' | 'write' | 'deploy' | 'stop'}`

/** One REST route as clients see it. The handler is its server's business. */
export interface RouteShape<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below `/api/v1`, with `:name` for a parameter; `root: true` puts it at the root instead (probes). */
  path: string
  root?: boolean
  summary: string
  right: Right
  params?: P
  query?: Q
  body?: B
  /** Of the JSON answer; absent where the answer is a stream. */
  response?: R
  /** Of the answer when all is well; 200 unless it says otherwise. */
  status?: number
}

export function shape<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  route: RouteShape<P, Q, B, R>,
): RouteShape<P, Q, B, R> {
  return route
}

/** The state of a service in one word; when several hold, the first of this list is shown. */
export const StateWord = z.enum([
  'failing',
  'quarantined',
  'waiting',
  'unknown',
  'held',
  'drift',
  'deploying',
  'healthy',
])
export type StateWord = z.infer<typeof StateWord>

/** A placement as the API answers it: the document, and what follows from it. */
export const PlacementView = Placement.extend({
  state: StateWord,
  /** The commit that should run; absent when none should. */
  desired: Sha.optional(),
  /** A sentence when what runs is not what should. */
  why: z.string().optional(),
})
export type PlacementView = z.infer<typeof PlacementView>

export const ServiceView = z.strictObject({
  name: ServiceName,
  state: StateWord,
  placements: z.array(PlacementView),
})
export type ServiceView = z.infer<typeof ServiceView>

export const Overview = z.strictObject({
  seq: z.int(),
  host: HostName,
  services: z.int(),
  states: z.partialRecord(StateWord, z.int()),
  deploying: z.array(
    z.strictObject({ service: ServiceName, host: HostName, deployment: DeploymentId, phase: Phase }),
  ),
  held: z.array(
    z.strictObject({ service: ServiceName, host: HostName, since: Timestamp, why: z.string().optional() }),
  ),
  failing: z.array(z.strictObject({ service: ServiceName, host: HostName, why: z.string().optional() })),
  events: z.array(Envelope),
})
export type Overview = z.infer<typeof Overview>

export const Info = z.strictObject({
  version: z.string(),
  host: HostName,
  started: Timestamp,
  plugins: z.array(z.strictObject({ name: z.string(), version: z.string(), provides: z.array(z.string()) })),
})
export type Info = z.infer<typeof Info>

/** What an accepted action answers (202): the seq of the fact it became, and the deployment that it began, if any. */
export const Accepted = z.strictObject({ seq: z.int(), deployment: DeploymentId.optional() })
export type Accepted = z.infer<typeof Accepted>

/** A page of a list; `next` is the cursor of the page after it, null at the end. */
export function Page<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() })
}
export type Page<T> = { items: T[]; next: string | null }

const limit = z.coerce.number().int().min(1).max(1000).default(100)

/** The journal's filters, as every client writes them. `since` and `until` take RFC 3339 or a span (`1h` = an hour ago). */
export const EventQuery = z.strictObject({
  service: ServiceName.optional(),
  kind: z.string().max(100).optional(),
  actor: z.string().max(250).optional(),
  host: HostName.optional(),
  since: z.string().max(40).optional(),
  until: z.string().max(40).optional(),
  search: z.string().max(200).optional(),
  after: z.coerce.number().int().min(0).optional(),
  before: z.coerce.number().int().min(1).optional(),
  limit,
})
export type EventQuery = z.infer<typeof EventQuery>

export const ListQuery = z.strictObject({ limit, cursor: z.string().max(200).optional() })
export const HostQuery = z.strictObject({ host: HostName.optional() })
const service = z.strictObject({ service: ServiceName })
const why = z.string().trim().min(1).max(2000)

/** The core's routes: what its nouns answer and take. Features declare their own. */
export const coreRoutes = {
  livez: shape({ method: 'GET', path: '/livez', root: true, summary: 'The process lives', right: 'none' }),
  readyz: shape({
    method: 'GET',
    path: '/readyz',
    root: true,
    summary: 'Storage and flow are ready',
    right: 'none',
  }),
  info: shape({
    method: 'GET',
    path: '/info',
    summary: 'Version, host, plugins',
    right: 'services:read',
    response: Info,
  }),
  overview: shape({
    method: 'GET',
    path: '/overview',
    summary: 'Counts by state, what is held, failing and deploying, the last events',
    right: 'services:read',
    response: Overview,
  }),
  services: shape({
    method: 'GET',
    path: '/services',
    summary: 'Every service with its placements',
    right: 'services:read',
    query: ListQuery,
    response: Page(ServiceView),
  }),
  service: shape({
    method: 'GET',
    path: '/services/:service',
    summary: 'One service',
    right: 'services:read',
    params: service,
    response: ServiceView,
  }),
  deploy: shape({
    method: 'POST',
    path: '/services/:service/deploy',
    summary: 'Deploy the newest admitted commit, or the one named',
    right: 'services:deploy',
    params: service,
    query: HostQuery,
    body: z.strictObject({ commit: Sha.optional(), why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  start: shape({
    method: 'POST',
    path: '/services/:service/start',
    summary: 'Release the hold; the newest admitted commit is brought',
    right: 'services:stop',
    params: service,
    query: HostQuery,
    body: z.strictObject({ why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  stop: shape({
    method: 'POST',
    path: '/services/:service/stop',
    summary: 'Hold the service: what runs is ended, and nothing but a start brings it back',
    right: 'services:stop',
    params: service,
    query: HostQuery,
    body: z.strictObject({ why }),
    response: Accepted,
    status: 202,
  }),
  restart: shape({
    method: 'POST',
    path: '/services/:service/restart',
    summary: 'End what runs and start the same commit again',
    right: 'services:deploy',
    params: service,
    query: HostQuery,
    body: z.strictObject({ why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  deployments: shape({
    method: 'GET',
    path: '/services/:service/deployments',
    summary: 'Newest first',
    right: 'services:read',
    params: service,
    query: ListQuery.extend({ host: HostName.optional() }),
    response: Page(Deployment),
  }),
  deployment: shape({
    method: 'GET',
    path: '/deployments/:deployment',
    summary: 'One deployment with its phases',
    right: 'services:read',
    params: z.strictObject({ deployment: DeploymentId }),
    response: Deployment,
  }),
  output: shape({
    method: 'GET',
    path: '/deployments/:deployment/output',
    summary: 'What it printed, as text; follow=1 stays until it settles',
    right: 'services:read',
    params: z.strictObject({ deployment: DeploymentId }),
    query: z.strictObject({ follow: z.enum(['0', '1']).default('0') }),
  }),
  cancel: shape({
    method: 'POST',
    path: '/deployments/:deployment/cancel',
    summary: 'Cancel a deployment that has not settled',
    right: 'services:deploy',
    params: z.strictObject({ deployment: DeploymentId }),
    body: z.strictObject({ why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  events: shape({
    method: 'GET',
    path: '/events',
    summary: 'The journal, oldest first; newest first with before',
    right: 'events:read',
    query: EventQuery,
    response: Page(Envelope),
  }),
  eventStream: shape({
    method: 'GET',
    path: '/events/stream',
    summary: 'The journal as Server-Sent Events; Last-Event-ID is the last seq seen',
    right: 'events:read',
    query: EventQuery.omit({ before: true, limit: true, until: true }),
  }),
} as const
