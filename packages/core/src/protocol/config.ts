import { z } from 'zod'
import { checkGitUrl } from './git-url.js'
import { HostName, namePattern } from './names.js'
import { SecretRef } from './secret-ref.js'
import {
  repeatedChecks,
  serviceSchema,
  type ConfigPart,
  type ServiceConfig,
  type SourceConfig,
} from './service-config.js'
import { Duration, Size } from './units.js'

/**
 * The key of a service or a credential, for the JSON Schema. A record that refuses a key says nothing of what stands
 * there: names are judged with the whole config instead.
 */
const name = z.string().meta({ pattern: namePattern.source })

const Credential = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('https'), username: z.string().min(1), password: SecretRef }),
  z.strictObject({ kind: z.literal('ssh'), key: SecretRef, knownHosts: z.string().min(1) }),
])

/** What is kept: neither older than `age` nor, on disk, more than `size`; what is in use stays whatever its age. */
function kept(age: string, size: string) {
  return z.strictObject({ age: Duration.prefault(age), size: Size.prefault(size) }).prefault({})
}

/** What the core itself reads of a config; plugins add their sections and run kinds. */
function base(service: z.ZodType<ServiceConfig>) {
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
        /** Of the journal. */
        events: kept('365d', '4GiB'),
        /** Of what deployments printed. */
        output: kept('90d', '1GiB'),
        /** Deployments of each service whose trees are kept beside those in use. */
        checkouts: z.int().min(0).max(100).default(3),
      })
      .prefault({}),
    credentials: z.record(name, Credential).default({}),
    services: z.record(name, service).default({}),
    plugins: z
      .array(z.union([z.string().min(1), z.tuple([z.string().min(1), z.record(z.string(), z.unknown())])]))
      .default([]),
  }
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
  const schema = z.strictObject({
    ...base(serviceSchema(plugins)),
    ...hooksOf(plugins),
    ...sectionsOf(plugins),
  })
  // Also beside other faults, so that all are told at once: then parts of the config may be anything.
  return schema.superRefine(
    (config, context) => {
      for (const path of wrongNames(config)) context.addIssue({ code: 'custom', path, message: nameRule })
      for (const [name, service] of Object.entries(config?.services ?? {})) {
        const { source, checks } = (service ?? {}) as Partial<ServiceConfig>
        for (const [index, message] of repeatedChecks(checks))
          context.addIssue({ code: 'custom', path: ['services', name, 'checks', index, 'name'], message })
        if (typeof source?.url !== 'string') continue
        for (const [key, message] of sourceFaults(source, config.credentials)) {
          context.addIssue({ code: 'custom', path: ['services', name, 'source', key], message })
        }
      }
    },
    { when: () => true },
  ) as unknown as z.ZodType<LongshoreConfig & Record<string, unknown>>
}

/** The section `hooks`: a forge is heard when its part is there. */
function hooksOf(plugins: readonly ConfigPart[]): z.ZodRawShape {
  const kinds = plugins.flatMap(({ forges = {} }) => Object.entries(forges))
  if (kinds.length === 0) return {}
  const parts = Object.fromEntries(kinds.map(([kind, schema]) => [kind, schema.optional()]))
  return { hooks: z.strictObject(parts).prefault({}) }
}

/** The sections of the plugins; one that stands within another's is a key of that, beside the owner's own. */
function sectionsOf(plugins: readonly ConfigPart[]): Record<string, z.ZodType> {
  const sections: Record<string, z.ZodType> = {}
  for (const { name, config, section } of plugins) if (config && !section) sections[name] = config
  for (const { config, section } of plugins) {
    if (!config || !section) continue
    const [owner, key] = section
    sections[owner] = withKey(owner, sections[owner] ?? z.strictObject({}).prefault({}), { [key]: config })
  }
  return sections
}

function withKey(owner: string, schema: z.ZodType, key: z.ZodRawShape): z.ZodType {
  if (schema instanceof z.ZodObject) return schema.safeExtend(key)
  if (schema instanceof z.ZodPrefault)
    return withKey(owner, schema.unwrap() as z.ZodType, key).prefault(schema.def.defaultValue)
  throw new TypeError(`the section ${owner} is no object, so that no other plugin can have a key in it`)
}

/** A plugin's section of a config after every check. */
export function sectionOf(
  config: Record<string, unknown>,
  { name, section = [name] }: { name: string; section?: readonly string[] },
): unknown {
  return section.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], config)
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
