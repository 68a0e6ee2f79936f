import { z } from 'zod'
import { checkGitRef, checkGitUrl } from './git-url.js'
import { HostName, namePattern } from './names.js'
import { DriftPolicy } from './drift.js'
import { SecretRef } from './secret-ref.js'
import { Duration } from './units.js'

/** What a plugin adds to the config: its section, under its name, and the `run` sections of the kinds that it runs. */
export interface ConfigPart {
  name: string
  config?: z.ZodType
  runs?: Record<string, z.ZodType>
}

/**
 * The key of a service or a credential, for the JSON Schema. A record that refuses a key says nothing of what stands
 * there: names are judged with the whole config instead.
 */
const name = z.string().meta({ pattern: namePattern.source })
const words = z.array(z.string().min(1)).max(1000)

const Credential = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('https'), username: z.string().min(1), password: SecretRef }),
  z.strictObject({ kind: z.literal('ssh'), key: SecretRef, knownHosts: z.string().min(1) }),
])

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

/** What is done about a service without being asked. */
const Policy = z
  .strictObject({
    /** About what changes behind Longshore's back. */
    drift: DriftPolicy.default('heal'),
  })
  .prefault({})

/** What the core itself reads of a config; plugins add their sections and run kinds. */
function base(runs: z.ZodType) {
  return {
    version: z.literal(1, { error: 'version is 1: it says which config format this is' }),
    /** Absent: the machine's host name, which the kernel fills in. */
    host: HostName.optional(),
    data: z.string().min(1).optional(),
    defaults: z
      .strictObject({
        poll: Duration.prefault('30s'),
        run: z.strictObject({ timeout: Duration.prefault('10m') }).prefault({}),
        /** Deployments that this host works on at the same time. */
        parallel: z.int().min(1).max(100).default(4),
      })
      .prefault({}),
    retention: z
      .strictObject({
        /** How long events are kept; absent: for ever. */
        events: Duration.optional(),
        /** Deployments of each service whose trees are kept beside those in use. */
        checkouts: z.int().min(0).max(100).default(3),
      })
      .prefault({}),
    credentials: z.record(name, Credential).default({}),
    services: z
      .record(
        name,
        z.strictObject({ hosts: words.optional(), source: SourceConfig, run: runs, policy: Policy }),
      )
      .default({}),
    plugins: z
      .array(z.union([z.string().min(1), z.tuple([z.string().min(1), z.record(z.string(), z.unknown())])]))
      .default([]),
  }
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

export type RunConfig = { kind: string; timeout?: number } & Record<string, unknown>
export type SourceConfig = z.infer<typeof SourceConfig>
export interface ServiceConfig {
  hosts?: string[]
  source: SourceConfig
  run: RunConfig
  policy: z.infer<typeof Policy>
}
type Base = z.infer<z.ZodObject<ReturnType<typeof base>>>
/** A config after every check. Beside these keys it holds the plugins' sections, by their names. */
export type LongshoreConfig = Omit<Base, 'services' | 'host'> & {
  host: string
  services: Record<string, ServiceConfig>
}

/** The one schema of a config with these plugins; the JSON Schema that is published is made of it too. */
export function configSchema(
  plugins: readonly ConfigPart[],
): z.ZodType<LongshoreConfig & Record<string, unknown>> {
  const sections = Object.fromEntries(plugins.flatMap(({ name, config }) => (config ? [[name, config]] : [])))
  const schema = z.strictObject({ ...base(runSchema(plugins)), ...sections })
  // Also beside other faults, so that all are told at once: then parts of the config may be anything.
  return schema.superRefine(
    (config, context) => {
      for (const path of wrongNames(config)) context.addIssue({ code: 'custom', path, message: nameRule })
      for (const [name, service] of Object.entries(config?.services ?? {})) {
        const { source } = (service ?? {}) as Partial<ServiceConfig>
        if (typeof source?.url !== 'string') continue
        for (const [key, message] of sourceFaults(source, config.credentials)) {
          context.addIssue({ code: 'custom', path: ['services', name, 'source', key], message })
        }
      }
    },
    { when: () => true },
  ) as unknown as z.ZodType<LongshoreConfig & Record<string, unknown>>
}

const nameRule = 'a name is 1 to 63 of a-z, 0-9 and -, and begins with a letter or a digit'

/** The paths of the services and credentials whose names are none. */
function wrongNames(config?: {
  services?: unknown
  credentials?: unknown
}): [section: string, name: string][] {
  return (['services', 'credentials'] as const).flatMap((section) => {
    const names = z.record(z.string(), z.unknown()).safeParse(config?.[section])
    const wrong = Object.keys(names.data ?? {}).filter((each) => !namePattern.test(each))
    return wrong.map((each): [string, string] => [section, each])
  })
}

/** What only shows when a source is read beside the credentials. */
function sourceFaults(
  source: SourceConfig,
  credentials: Partial<LongshoreConfig['credentials']> = {},
): [key: string, message: string][] {
  const faults: [string, string][] = []
  const credential = source.credential === undefined ? undefined : credentials[source.credential]
  if (source.credential !== undefined && !credential) {
    const known = Object.keys(credentials)
    faults.push([
      'credential',
      `no credential is called ${source.credential}; there are: ${known.join(', ') || 'none'}`,
    ])
  }
  const fault = checkGitUrl(source.url, { insecure: source.insecure, credential: credential?.kind })
  if (fault) faults.push(['url', fault])
  return faults
}
