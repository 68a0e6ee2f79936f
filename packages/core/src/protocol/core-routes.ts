import { z } from 'zod'
import { Deployment } from './deployment.js'
import { Envelope } from './event.js'
import { DeploymentId, HostName, ServiceName, Sha } from './names.js'
import { intentRoutes } from './intent-routes.js'
import { At } from './point.js'
import { Accepted, Alive, CommitPage, Info, Overview, Page, ServiceView, shape } from './rest.js'
import { parseTime } from './units.js'

/** A whole number as it stands in a query. */
const count = z
  .string()
  .regex(/^\d{1,15}$/, { error: 'a whole number' })
  .transform(Number)
const limit = count.pipe(z.int().min(1).max(1000)).default(100)
const time = z
  .string()
  .max(40)
  .refine((text) => parseTime(text, 0) !== undefined, {
    error: 'a time is RFC 3339, such as 2030-01-31T09:00:00Z, or a span back from now, such as 1h',
  })
/** What a page answered as `next`. */
const cursor = z.string().max(200)

/**
 * The journal's filters, as every client writes them. `since` and `until` take RFC 3339 or a span (`1h` = an hour ago).
 * `after` a seq pages oldest first, `before` one newest first, neither: newest first from the end.
 */
export const EventQuery = z.strictObject({
  service: ServiceName.optional(),
  kind: z.string().max(100).optional(),
  actor: z.string().max(250).optional(),
  host: HostName.optional(),
  deployment: DeploymentId.optional(),
  since: time.optional(),
  until: time.optional(),
  search: z.string().max(200).optional(),
  after: count.optional(),
  before: count.optional(),
  limit,
  cursor: cursor.optional(),
})
export type EventQuery = z.infer<typeof EventQuery>

export const ListQuery = z.strictObject({ limit, cursor: cursor.optional() })
/** `at`: the state as it was then. */
export const AtQuery = z.strictObject({ at: At.optional() })
export const HostQuery = z.strictObject({ host: HostName.optional() })
const service = z.strictObject({ service: ServiceName })
const why = z.string().trim().min(1).max(2000)

/** The core's routes: what its nouns answer and take. Features declare their own. */
export const coreRoutes = {
  livez: shape({
    method: 'GET',
    path: '/livez',
    root: true,
    summary: 'The process lives',
    right: 'none',
    response: Alive,
  }),
  readyz: shape({
    method: 'GET',
    path: '/readyz',
    root: true,
    summary: 'Storage and flow are ready',
    right: 'none',
    response: Alive,
  }),
  info: shape({
    method: 'GET',
    path: '/info',
    summary: 'Version, host, plugins',
    right: 'services:read',
    scoped: true,
    response: Info,
  }),
  overview: shape({
    method: 'GET',
    path: '/overview',
    summary: 'Counts by state, what is held, failing and deploying, the last events',
    right: 'services:read',
    scoped: true,
    query: AtQuery,
    response: Overview,
  }),
  services: shape({
    method: 'GET',
    path: '/services',
    summary: 'Every service with its placements, these without `kept` and what ended before',
    right: 'services:read',
    scoped: true,
    query: ListQuery.extend(AtQuery.shape),
    response: Page(ServiceView),
  }),
  service: shape({
    method: 'GET',
    path: '/services/:service',
    summary: 'One service',
    right: 'services:read',
    params: service,
    query: AtQuery,
    response: ServiceView,
  }),
  deploy: shape({
    method: 'POST',
    path: '/services/:service/deploy',
    summary: 'Deploy the newest admitted commit, or the one named',
    right: 'services:deploy',
    params: service,
    query: HostQuery,
    body: z.strictObject({
      commit: Sha.optional(),
      why: why.optional(),
      /** With `why`: what only bounds when something is deployed is set aside. */
      override: z.boolean().optional(),
    }),
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
  rollback: shape({
    method: 'POST',
    path: '/services/:service/rollback',
    summary:
      'Go back to what was kept before, or to the commit or deployment named, with the images that it used',
    right: 'services:deploy',
    params: service,
    query: HostQuery,
    body: z.strictObject({ to: z.union([DeploymentId, Sha]).optional(), why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  ...intentRoutes,
  commits: shape({
    method: 'GET',
    path: '/services/:service/commits',
    summary: 'Newest first: verdict, deployments, quarantine',
    right: 'services:read',
    params: service,
    query: ListQuery.extend({ host: HostName.optional() }),
    response: CommitPage,
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
    scoped: true,
    params: z.strictObject({ deployment: DeploymentId }),
    response: Deployment,
  }),
  output: shape({
    method: 'GET',
    path: '/deployments/:deployment/output',
    summary: 'What it printed, as text or NDJSON by Accept; follow=1 stays until it settles',
    right: 'services:read',
    scoped: true,
    params: z.strictObject({ deployment: DeploymentId }),
    query: z.strictObject({ follow: z.enum(['0', '1']).default('0') }),
    produces: ['text/plain', 'application/x-ndjson'],
  }),
  cancel: shape({
    method: 'POST',
    path: '/deployments/:deployment/cancel',
    summary: 'Cancel a deployment that has not settled',
    right: 'services:deploy',
    scoped: true,
    params: z.strictObject({ deployment: DeploymentId }),
    body: z.strictObject({ why: why.optional() }),
    response: Accepted,
    status: 202,
  }),
  events: shape({
    method: 'GET',
    path: '/events',
    summary: 'The journal, newest first; oldest first with after',
    right: 'events:read',
    scoped: true,
    query: EventQuery,
    response: Page(Envelope),
  }),
  eventStream: shape({
    method: 'GET',
    path: '/events/stream',
    summary: 'The journal as Server-Sent Events; Last-Event-ID is the last seq seen',
    right: 'events:read',
    scoped: true,
    query: EventQuery.omit({ before: true, limit: true, until: true, cursor: true }),
    produces: ['text/event-stream'],
  }),
} as const
