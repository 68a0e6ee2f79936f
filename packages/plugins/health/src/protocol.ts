import { z } from 'zod'
import {
  DeploymentId,
  HostName,
  parseDuration,
  ServiceName,
  Sha,
  shape,
  Timestamp,
} from '@longshore/core/protocol'

const State = z.enum(['healthy', 'unhealthy', 'unknown'])
const count = z.int().nonnegative()
const milliseconds = z.number().nonnegative()
/** Healthy looks among those that saw something, from 0 to 1; absent where nobody has looked. */
const share = z.number().min(0).max(1).optional()

/** What a check said in one step. Steps of which nothing is known are not there. */
export const CheckStep = z
  .strictObject({
    /** When the step begins. */
    time: Timestamp,
    healthy: count,
    ill: count,
    /** Looks that saw nothing. */
    unknown: count,
    /** Looks that did not begin in time; absent in steps of an hour. */
    missed: count.optional(),
    /** Milliseconds, of those that saw something; absent in steps of an hour. */
    median: milliseconds.optional(),
    p95: milliseconds.optional(),
  })
  .meta({ id: 'CheckStep' })
export type CheckStep = z.infer<typeof CheckStep>

/** How a commit fared with a check. */
export const CheckedCommit = z
  .strictObject({
    sha: Sha,
    /** The first line of its message, where that is still known. */
    subject: z.string().optional(),
    /** Its first and its last look; it may have gone and come back between. */
    since: Timestamp,
    until: Timestamp,
    /** Milliseconds that it was looked at. */
    ran: milliseconds,
    looks: count,
    healthy: share,
    /** Milliseconds, within a tenth. */
    median: milliseconds.optional(),
    /** The last looks that found it ill, the last one first. */
    ills: z.array(z.strictObject({ at: Timestamp, reason: z.string() })),
  })
  .meta({ id: 'CheckedCommit' })
export type CheckedCommit = z.infer<typeof CheckedCommit>

export const CheckView = z
  .strictObject({
    name: z.string(),
    kind: z.string(),
    /** What is looked at, in words: `GET http://127.0.0.1:8080/ready`. */
    target: z.string(),
    /** Milliseconds. */
    every: count,
    timeout: count,
    startAfter: count,
    unhealthyAfter: count,
    healthyAfter: count,
    state: State,
    /** Absent while it is unknown. */
    since: Timestamp.optional(),
    /** Why it is unhealthy, or why nothing is known. */
    reason: z.string().optional(),
    /** What people should see to soon. */
    warning: z.string().optional(),
    /** The last look, whether it counted or not. */
    last: z
      .strictObject({ at: Timestamp, state: State, say: z.string().optional(), took: milliseconds })
      .optional(),
    uptime: z.strictObject({ '24h': share, '7d': share, '30d': share }),
    /** Within the window. */
    looks: count,
    missed: count,
    steps: z.array(CheckStep),
    /** The last commits, newest first. */
    commits: z.array(CheckedCommit),
  })
  .meta({ id: 'CheckView' })
export type CheckView = z.infer<typeof CheckView>

export const ChecksView = z
  .strictObject({
    service: ServiceName,
    host: HostName,
    from: Timestamp,
    to: Timestamp,
    /** Milliseconds. */
    step: count,
    /** What is looked at, where something is. */
    commit: Sha.optional(),
    deployment: DeploymentId.optional(),
    /** Why nothing is looked at now. */
    paused: z.string().optional(),
    checks: z.array(CheckView),
  })
  .meta({ id: 'ChecksView' })
export type ChecksView = z.infer<typeof ChecksView>

/** Milliseconds. */
const windowMost = 30 * 86_400_000

export const healthRoutes = {
  checks: shape({
    method: 'GET',
    path: '/services/:service/checks',
    summary: 'What its checks say, and said: 5 min for 24 h, 1 h for 30 d, and by commit',
    right: 'services:read',
    params: z.strictObject({ service: ServiceName }),
    query: z.strictObject({
      window: z
        .string()
        .max(20)
        .default('24h')
        .refine((text) => inWindow(parseDuration(text)), {
          error: 'a window is a number and m, h or d, such as 24h, up to 30d',
        }),
    }),
    response: ChecksView,
  }),
} as const

function inWindow(span: number | undefined): boolean {
  return span !== undefined && span > 0 && span <= windowMost
}
