import type { z } from 'zod'
import type { LongshoreConfig } from './config-schema.js'
import { InputError } from './errors.js'
import { nearest } from './nearest.js'
import { token } from './token.js'

/** A config as it was read: its value, and where each part of it stands. */
export interface ConfigDocument {
  /** The file, or a word for where else it came from (`environment`). */
  file: string
  value: unknown
  /** One-based line and column of the key or item at the path, or another source that it came from; undefined where nobody can tell. */
  place?(path: readonly PropertyKey[]): { file?: string; line?: number; column?: number } | undefined
}

/** One fault, with its place and how to mend it. */
export interface ConfigFault {
  file: string
  line?: number
  column?: number
  /** `services.api.run.kind`. */
  path: string
  message: string
}

export class ConfigError extends InputError {
  readonly faults: ConfigFault[]

  constructor(faults: ConfigFault[]) {
    super(
      'CONFIG_INVALID',
      `the config has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map(faultLine).join('\n')}`,
      {
        hint: 'Mend each line above; `longshore check` tells them all at once.',
        data: { faults },
      },
    )
    this.faults = faults
  }
}

/** `file:line:col path: message`. */
export function faultLine({ file, line, column, path, message }: ConfigFault): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`
  return `${place} ${path === '' ? '' : `${path}: `}${message}`
}

/** The running config; `current` changes when a new one was applied, and `changed` taps are told after that. */
export interface Config {
  current(): LongshoreConfig
  changed(fn: () => Promise<void>): () => void
}

export const Config = token<Config>('Config')

/** Checks the whole document and answers its parsed form, or throws every fault at once. */
export function parseConfig<C>(document: ConfigDocument, schema: z.ZodType<C>): C {
  const parsed = schema.safeParse(document.value, { error: say })
  if (parsed.success) return parsed.data
  throw new ConfigError(parsed.error.issues.flatMap((issue) => faultsOf(issue, document, schema)))
}

type Issue = z.core.$ZodIssue

function faultsOf(issue: Issue, document: ConfigDocument, schema: z.ZodType): ConfigFault[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path, document.value)
    return issue.keys.map((key) => {
      const guess = nearest(key, known)
      const say = guess ? `did you mean ${guess}?` : `known here: ${known.join(', ') || 'none'}`
      return fault(document, [...issue.path, key], `unknown key ${JSON.stringify(key)}; ${say}`)
    })
  }
  if (issue.code === 'invalid_key')
    return [fault(document, issue.path, issue.issues[0]?.message ?? issue.message)]
  return [fault(document, issue.path, issue.message)]
}

/** Zod's commonest complaints in words for people; where a schema has words of its own, those are used. */
function say(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_union') {
    const each = issue.errors.flatMap(([first]) => (first ? [first.message] : []))
    return [...new Set(each)].join('; or: ') || undefined
  }
  if (issue.code !== 'invalid_type') return undefined
  const wanted = names[issue.expected] ?? issue.expected
  if (issue.input === undefined) return `this is missing: ${wanted} belongs here`
  const got = Array.isArray(issue.input) ? 'array' : issue.input === null ? 'null' : typeof issue.input
  return `${wanted} belongs here, not ${names[got] ?? got}`
}

const names: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a section with keys',
  record: 'a section with keys',
  array: 'a list',
  null: 'nothing',
}

function fault(document: ConfigDocument, path: readonly PropertyKey[], message: string): ConfigFault {
  // A key that is missing has no place of its own: the nearest thing around it has.
  for (let length = path.length; length >= 0; length--) {
    const place = document.place?.(path.slice(0, length))
    if (place) return { file: document.file, ...place, path: path.map(String).join('.'), message }
  }
  return { file: document.file, path: path.map(String).join('.'), message }
}

/** The keys that the schema knows at a path: followed through objects, records, wrappers and, by `kind`, unions. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let at: any = unwrap(schema)
  let here: any = value
  for (const step of path) {
    at = unwrap(choose(at, here))
    at = unwrap(at?.def.type === 'object' ? at.shape[step] : (at?.def.valueType ?? at?.def.element))
    here = here?.[step]
    if (!at) return []
  }
  at = unwrap(choose(at, here))
  return at?.def.type === 'object' ? Object.keys(at.shape) : []
}

function choose(schema: any, value: any): any {
  if (schema?.def.type !== 'union') return schema
  return schema.def.options
    .map(unwrap)
    .find((each: any) => each.def.type === 'object' && each.shape.kind?.def.values?.[0] === value?.kind)
}

function unwrap(schema: any): any {
  let at = schema
  while (at?.def?.innerType ?? at?.def?.in) at = at.def.innerType ?? at.def.in
  return at
}
