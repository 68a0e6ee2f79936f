import { z } from 'zod'
import { Actor } from './actor.js'
import { Commit } from './commit.js'
import { Deployment, Phase } from './deployment.js'
import { Envelope } from './event.js'
import { DeploymentId, HostName, ServiceName, Sha, Timestamp } from './names.js'
import { Placement, Quarantine } from './placement.js'

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
  /**
   * Its answer keeps to the services that the caller has the right for (`RouteRequest.sees`). Without this, and without
   * `:service` in the path, a caller who is limited to some services is refused.
   */
  scoped?: boolean
  params?: P
  query?: Q
  body?: B
  /** Bytes at most of a body that `body` is given as it came, a Uint8Array; absent where it is JSON, which has at most 64 KiB. */
  raw?: number
  /** Of the JSON answer; absent where the answer is a stream. */
  response?: R
  /** Its answer holds what is shown this once, such as a new token: no `Idempotency-Key` has it said again. */
  once?: boolean
  /** The media types of an answer that is a stream, the one first that is sent to who asks for none. */
  produces?: readonly string[]
  /** Of the answer when all is well; 200 unless it says otherwise. */
  status?: number
}

export function shape<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  route: RouteShape<P, Q, B, R>,
): RouteShape<P, Q, B, R> {
  return route
}

/** The `body` of a route with `raw`. */
export const RawBody = z.instanceof(Uint8Array)

/** The state of a service in one word; when several hold, the first of this list is shown. */
export const StateWord = z
  .enum(['failing', 'quarantined', 'waiting', 'unknown', 'held', 'drift', 'deploying', 'healthy'])
  .meta({ id: 'StateWord' })
export type StateWord = z.infer<typeof StateWord>

/** A placement as the API answers it: the document, and what follows from it. */
export const PlacementView = Placement.extend({
  state: StateWord,
  /** The commit that should run; absent when none should. */
  desired: Sha.optional(),
  /** A sentence when what runs is not what should. */
  why: z.string().optional(),
  /** A sentence about what happens when nothing else comes. */
  next: z.string(),
}).meta({ id: 'PlacementView' })
export type PlacementView = z.infer<typeof PlacementView>

export const ServiceView = z
  .strictObject({
    name: ServiceName,
    state: StateWord,
    placements: z.array(PlacementView),
  })
  .meta({ id: 'ServiceView' })
export type ServiceView = z.infer<typeof ServiceView>

export const Overview = z
  .strictObject({
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
  .meta({ id: 'Overview' })
export type Overview = z.infer<typeof Overview>

const Keeping = z.strictObject({ age: z.number(), size: z.number() })

export const Info = z
  .strictObject({
    version: z.string(),
    host: HostName,
    /** Where the API answers: what people type. */
    url: z.string(),
    started: Timestamp,
    plugins: z.array(
      z.strictObject({ name: z.string(), version: z.string(), provides: z.array(z.string()) }),
    ),
    /** What is kept: milliseconds and bytes, and deployments whose trees are kept. */
    retention: z.strictObject({ events: Keeping, output: Keeping, checkouts: z.int() }),
  })
  .meta({ id: 'Info' })
export type Info = z.infer<typeof Info>

/** What an accepted action answers (202): the seq of the fact it became, and the deployment that it began, if any. */
export const Accepted = z
  .strictObject({ seq: z.int(), deployment: DeploymentId.optional() })
  .meta({ id: 'Accepted' })
export type Accepted = z.infer<typeof Accepted>

/** Answers a probe; what is not well is a problem with status 503. */
export const Alive = z.strictObject({ ok: z.literal(true) }).meta({ id: 'Alive' })
export type Alive = z.infer<typeof Alive>

/** One line of a deployment's output as NDJSON: what was printed, or how many lines before it are gone. */
export const OutputLine = z
  .union([
    z.strictObject({
      time: Timestamp,
      stream: z.enum(['stdout', 'stderr', 'note']),
      /** Without its newline; bytes that are no UTF-8 show as U+FFFD. */
      text: z.string(),
      /** The line goes on in the next one of its stream. */
      partial: z.literal(true).optional(),
    }),
    z.strictObject({ skipped: z.int() }),
  ])
  .meta({ id: 'OutputLine' })
export type OutputLine = z.infer<typeof OutputLine>

/** A commit of a service, newest first in its list, and what became of it; what differs by host names the host. */
export const CommitView = Commit.extend({
  /** The hosts on which it is the newest admitted one. */
  newest: z.array(HostName),
  /** The hosts on which it runs. */
  runs: z.array(HostName),
  quarantine: Quarantine.optional(),
  /** The last word on it; absent where nobody looked at it, because something newer was there. */
  verdict: z
    .strictObject({
      host: HostName,
      kind: z.enum(['admitted', 'waiting', 'skipped', 'refused']),
      by: Actor,
      at: Timestamp,
      /** Why it is not let in: the stable code and a sentence. */
      code: z.string().optional(),
      reason: z.string().optional(),
      /** When it is judged again, where it waits for a time. */
      until: Timestamp.optional(),
      /** Whose good signature it bears, where one was asked for. */
      signer: z.string().optional(),
    })
    .optional(),
  /** Newest first. */
  deployments: z.array(
    Deployment.pick({ id: true, host: true, phase: true, outcome: true, code: true, reason: true }).extend({
      /** When it was queued. */
      at: Timestamp,
    }),
  ),
}).meta({ id: 'CommitView' })
export type CommitView = z.infer<typeof CommitView>

/** A page of a list; `next` is the cursor of the page after it, null at the end. */
export function Page<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() })
}
export type Page<T> = { items: T[]; next: string | null }

/** A page of commits. `unreachable`: the repository cannot be read, and only what is kept here is told. */
export const CommitPage = Page(CommitView).extend({
  unreachable: z.strictObject({ code: z.string(), reason: z.string() }).optional(),
})
export type CommitPage = z.infer<typeof CommitPage>
