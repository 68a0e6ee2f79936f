import { z } from 'zod'
import { nearest } from './nearest.js'

/** A config as it was read: its value, and where each part of it stands. */
export interface ConfigDocument {
  /** The file, or a word for where else it came from (`environment`). */
  file: string
  value: unknown
  /** Of its text, where the value can be read all the same: they are told beside those of the value. */
  faults?: ConfigFault[]
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

/** `file:line:col path: message`. */
export function faultLine({ file, line, column, path, message }: ConfigFault): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`
  return `${place} ${path === '' ? '' : `${path}: `}${message}`
}

/** The parsed form of the whole document, or every fault at once. */
export function checkConfig<C>(
  document: ConfigDocument,
  schema: z.ZodType<C>,
): { config: C; faults?: undefined } | { config?: undefined; faults: ConfigFault[] } {
  const parsed = schema.safeParse(document.value, { error: say })
  const ofText = document.faults ?? []
  if (parsed.success && ofText.length === 0) return { config: parsed.data }
  const issues = parsed.error?.issues ?? []
  return { faults: [...ofText, ...issues.flatMap((issue) => faultsOf(issue, document, schema))] }
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
  if (issue.code === 'invalid_value' && issue.values.length > 1) {
    const known = issue.values.map(String)
    const guess = typeof issue.input === 'string' ? nearest(issue.input, known) : undefined
    return `one of these belongs here: ${known.join(', ')}${guess ? `; did you mean ${guess}?` : ''}`
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

/** As much of a JSON Schema as tells which keys may stand where. */
interface KeyTree {
  properties?: Record<string, KeyTree>
  additionalProperties?: KeyTree | boolean
  items?: KeyTree
  anyOf?: KeyTree[]
  oneOf?: KeyTree[]
  const?: unknown
}

/** The keys that the schema knows at a path; of a union by `kind`, those of the kind that the value names. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let here: unknown = value
  let at = choose(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as KeyTree, here)
  for (const step of path) {
    const others = typeof at?.additionalProperties === 'object' ? at.additionalProperties : at?.items
    here = (here as Record<PropertyKey, unknown> | undefined)?.[step]
    at = choose(at?.properties?.[String(step)] ?? others, here)
  }
  return Object.keys(at?.properties ?? {})
}

function choose(tree: KeyTree | undefined, value: unknown): KeyTree | undefined {
  const kind = (value as { kind?: unknown } | undefined)?.kind
  return (tree?.oneOf ?? tree?.anyOf)?.find((each) => each.properties?.kind?.const === kind) ?? tree
}

/** The paths that differ, to the depth at which people think: `services.api`, `defaults`. */
export function configDifferences(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const deep = new Set(['services', 'credentials'])
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.flatMap((key) => {
    if (JSON.stringify(before[key]) === JSON.stringify(after[key])) return []
    if (!deep.has(key)) return [key]
    const inner = configDifferences(
      before[key] as Record<string, unknown>,
      after[key] as Record<string, unknown>,
    )
    return inner.map((each) => `${key}.${each}`)
  })
}
