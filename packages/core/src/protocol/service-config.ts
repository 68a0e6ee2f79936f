import { z } from 'zod'
import { DriftPolicy } from './drift.js'
import { checkGitRef } from './git-url.js'
import { ServiceName } from './names.js'
import { Duration } from './units.js'

/**
 * What a plugin adds to the config: its section, under its name or within another's; the `run` sections and the `checks` of
 * the kinds that it provides; keys of its own in a service's `policy`; and the section of `hooks` of each kind of forge.
 */
export interface ConfigPart {
  name: string
  config?: z.ZodType
  /** Where the section stands when not under the name: `['auth', 'oidc']` is the key `oidc` of the section `auth`. */
  section?: readonly [owner: string, key: string]
  runs?: Record<string, z.ZodType>
  checks?: Record<string, z.ZodType>
  policies?: Record<string, z.ZodType>
  forges?: Record<string, z.ZodType>
}

const words = z.array(z.string().min(1)).max(1000)

const SourceConfig = z.strictObject({
  url: z.string().min(1).max(2000),
  ref: z
    .string()
    .superRefine((ref, context) => {
      const message = checkGitRef(ref)
      if (message) context.addIssue({ code: 'custom', message, input: ref })
    })
    .default('main'),
  /** A folder of the tree, relative to its root. */
  path: z
    .string()
    .max(1000)
    .refine((path) => !path.startsWith('/') && !path.split(/[/\\]/).includes('..'), {
      error: 'a path is relative and stays within the repository: no leading / and no ..',
    })
    .optional(),
  credential: z.string().optional(),
  poll: Duration.refine((value) => value >= 500, { error: 'a poll interval is at least 500ms' }).optional(),
  /** Globs; a commit that touches nothing of them is recorded as skipped. */
  include: words.optional(),
  insecure: z.boolean().optional(),
})

/** What is done about a service without being asked; plugins add keys of their own. */
const Policy = z.strictObject({
  /** About what changes behind Longshore's back. */
  drift: DriftPolicy.default('heal'),
  /** About a deployment that was applied and found to be ill: back to what was kept, nothing runs, or it runs on. */
  onFailure: z.enum(['rollback', 'stop', 'keep']).default('rollback'),
})

/** The name or the value of a service's label. */
const label = z
  .string()
  .max(63)
  .regex(/^[\w./-]*$/, { error: 'a label is up to 63 letters, digits and . _ / -' })

/** What every check has, whatever its kind. */
const everyCheck = {
  /** What people call it; its kind when it has none. */
  name: ServiceName.optional(),
  every: between(1_000, 86_400_000).prefault('10s'),
  timeout: between(100, 300_000).prefault('2s'),
  /** Verdicts in a row that make it ill, and well. */
  unhealthyAfter: z.int().min(1).max(100).default(3),
  healthyAfter: z.int().min(1).max(100).default(1),
  /** How long after an apply its verdicts begin to count against what runs. */
  startAfter: Duration.prefault('0s'),
}

function between(least: number, most: number) {
  const say = (ms: number) => (ms < 1000 ? `${ms}ms` : `${ms / 1000}s`)
  const error = `between ${say(least)} and ${say(most)} belongs here`
  return Duration.refine((value) => value >= least && value <= most, { error })
}

/** A service's section, with what these plugins add to it. */
export function serviceSchema(plugins: readonly ConfigPart[]): z.ZodType<ServiceConfig> {
  const policies = Object.assign({}, ...plugins.map(({ policies }) => policies)) as z.ZodRawShape
  return z.strictObject({
    hosts: words.optional(),
    labels: z.record(label, label).default({}),
    source: SourceConfig,
    run: runSchema(plugins),
    checks: z.array(checkSchema(plugins)).max(100).default([]),
    policy: Policy.extend(policies).prefault({}),
  }) as unknown as z.ZodType<ServiceConfig>
}

/** One kind's `run` section: what its plugin declares, and what every kind has. */
function runSchema(plugins: readonly ConfigPart[]): z.ZodType<RunConfig> {
  const kinds = plugins.flatMap((plugin) => Object.entries(plugin.runs ?? {}))
  const options = kinds.map(([kind, schema]) =>
    (schema as z.ZodObject).extend({ kind: z.literal(kind), timeout: Duration.optional() }),
  )
  if (options.length === 0)
    return z.never({ error: 'no plugin runs anything: add one that provides a Runtime' })
  const known = kinds.map(([kind]) => kind).join(', ')
  return z.discriminatedUnion('kind', options as unknown as [z.ZodObject<any>], {
    error: (issue) => (issue.code === 'invalid_union' ? `run.kind is one of: ${known}` : undefined),
  }) as unknown as z.ZodType<RunConfig>
}

/** One check: what its kind's plugin declares, and what every check has. */
function checkSchema(plugins: readonly ConfigPart[]): z.ZodType<CheckConfig> {
  const kinds = plugins.flatMap((plugin) => Object.entries(plugin.checks ?? {}))
  const options = kinds.map(([kind, schema]) =>
    (schema as z.ZodObject).extend({ kind: z.literal(kind), ...everyCheck }),
  )
  if (options.length === 0)
    return z.never({ error: 'no plugin checks anything: add one that provides a HealthProbe' })
  const known = kinds.map(([kind]) => kind).join(', ')
  return z.discriminatedUnion('kind', options as unknown as [z.ZodObject<any>], {
    error: (issue) => (issue.code === 'invalid_union' ? `a check's kind is one of: ${known}` : undefined),
  }) as unknown as z.ZodType<CheckConfig>
}

/** What people call a check: its name, or else its kind. */
export function checkName({ name, kind }: Pick<CheckConfig, 'name' | 'kind'>): string {
  return name ?? kind
}

/** The places of checks that are called as an earlier one of the same service, and how to mend it. */
export function repeatedChecks(checks: unknown): [index: number, message: string][] {
  if (!Array.isArray(checks)) return []
  const names = (checks as (Partial<CheckConfig> | undefined)[]).map((check) => check?.name ?? check?.kind)
  return names.flatMap((name, index): [number, string][] =>
    typeof name === 'string' && names.indexOf(name) < index
      ? [[index, `another check is called ${name}: give each a name of its own`]]
      : [],
  )
}

export type RunConfig = { kind: string; timeout?: number } & Record<string, unknown>
/** A check; beside these keys it holds those of its kind. Times in milliseconds. */
export type CheckConfig = { kind: string } & z.infer<z.ZodObject<typeof everyCheck>> & Record<string, unknown>
export type SourceConfig = z.infer<typeof SourceConfig>
export interface ServiceConfig {
  hosts?: string[]
  source: SourceConfig
  labels: Record<string, string>
  run: RunConfig
  checks: CheckConfig[]
  /** Beside these keys it holds those that plugins add. */
  policy: z.infer<typeof Policy> & Record<string, unknown>
}
