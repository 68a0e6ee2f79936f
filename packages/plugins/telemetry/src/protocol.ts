import { z } from 'zod'
import {
  DeploymentId,
  HostName,
  parseDuration,
  parseTime,
  Sample,
  ServiceName,
  shape,
  Timestamp,
} from '@longshore/core/protocol'

const time = z
  .string()
  .max(40)
  .refine((text) => parseTime(text, 0) !== undefined, {
    error: 'a time is RFC 3339, such as 2030-01-31T09:00:00Z, or a span back from now, such as 1h',
  })
const span = z
  .string()
  .max(20)
  .refine((text) => (parseDuration(text) ?? 0) > 0, {
    error: 'a span is a number and ms, s, m, h or d, such as 10s',
  })
const service = z.strictObject({ service: ServiceName })

/**
 * Which lines are asked for: all that is given must hold. `instance` is an id, at least 12 characters of one, or a name;
 * `search` is text as it is, `match` an expression in RE2's syntax.
 */
export const LogsQuery = z.strictObject({
  instance: z.string().min(1).max(200).optional(),
  deployment: DeploymentId.optional(),
  stream: z.enum(['stdout', 'stderr', 'note']).optional(),
  since: time.optional(),
  until: time.optional(),
  search: z.string().min(1).max(1000).optional(),
  match: z.string().min(1).max(1000).optional(),
  tail: z
    .string()
    .regex(/^\d{1,6}$/, { error: 'a whole number up to 999999' })
    .transform(Number)
    .optional(),
  follow: z.enum(['0', '1']).default('0'),
})
export type LogsQuery = z.infer<typeof LogsQuery>

/** One line as NDJSON; or how many lines before the next one are gone; or, as the last, why there are no more. */
export const LogsLine = z
  .union([
    z.strictObject({
      time: Timestamp,
      instance: z.string(),
      /** What people call the instance, such as `web-1`; absent where it has only its id. */
      name: z.string().optional(),
      /** Absent where nobody knew it when the line was kept. */
      deployment: DeploymentId.optional(),
      stream: z.enum(['stdout', 'stderr', 'note']),
      /** Without its newline; bytes that are no UTF-8 show as U+FFFD. */
      text: z.string(),
      /** The line goes on in the next one of its instance and stream. */
      partial: z.literal(true).optional(),
    }),
    z.strictObject({ skipped: z.int() }),
    z.strictObject({ code: z.string(), detail: z.string() }),
  ])
  .meta({ id: 'LogsLine' })
export type LogsLine = z.infer<typeof LogsLine>

const count = z.number().nonnegative()
const Range = z.strictObject({ mean: count, least: count, most: count })

/** What an instance used within a step: the range of `cpu` and `memory`, the last value of the others. */
export const StatsPoint = Sample.omit({ instance: true })
  .extend({
    /** When the step begins. */
    time: Timestamp,
    /** Percent of one CPU. */
    cpu: Range.optional(),
    /** Bytes. */
    memory: Range.optional(),
  })
  .meta({ id: 'StatsPoint' })
export type StatsPoint = z.infer<typeof StatsPoint>

export const Stats = z
  .strictObject({
    service: ServiceName,
    host: HostName,
    from: Timestamp,
    to: Timestamp,
    /** Milliseconds. Steps for which nothing is known are not there. */
    step: z.int(),
    instances: z.array(
      z.strictObject({
        instance: z.string(),
        name: z.string().optional(),
        deployment: DeploymentId.optional(),
        points: z.array(StatsPoint),
      }),
    ),
  })
  .meta({ id: 'Stats' })
export type Stats = z.infer<typeof Stats>

export const telemetryRoutes = {
  logs: shape({
    method: 'GET',
    path: '/services/:service/logs',
    summary: 'What it printed, as text or NDJSON by Accept, also of instances that are gone; follow=1 stays',
    right: 'services:read',
    params: service,
    query: LogsQuery,
    produces: ['text/plain', 'application/x-ndjson'],
  }),
  stats: shape({
    method: 'GET',
    path: '/services/:service/stats',
    summary: 'What its instances use, and used: 10 s for 48 h, 1 min for 14 d',
    right: 'services:read',
    params: service,
    query: z.strictObject({ window: span.default('1h'), step: span.optional() }),
    response: Stats,
  }),
} as const
