import { ConfigError, type ConfigDocument, type ConfigFault } from '@longshore/core'

/** What a file's text came to. With faults its value is what could be made of the rest. */
export interface ParsedText {
  value: unknown
  faults: Omit<ConfigFault, 'file' | 'path'>[]
  /** Whether the value means what the text says in spite of its faults. */
  readable?: boolean
  place?: ConfigDocument['place']
}

/** The document of a parsed file, or every fault of its text at once. */
export function documentOf(file: string, { value, faults, readable, place }: ParsedText): ConfigDocument {
  const told = faults.map((fault): ConfigFault => ({ file, path: '', ...fault }))
  if (told.length > 0 && !readable) throw new ConfigError(told)
  const endless = endlessIn(value)
  if (!endless) return { file, value, faults: told, place }
  const { path, message } = endless
  throw new ConfigError([...told, { file, ...place?.(path), path: path.join('.'), message }])
}

/** Levels of the deepest value: more than any config has, and few enough to walk through. */
const deepest = 100

/** Where a value stands within itself, or too deep: whoever walks through it would not come back. */
function endlessIn(
  value: unknown,
  path: string[] = [],
  around: ReadonlySet<unknown> = new Set(),
): { path: string[]; message: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (around.has(value)) return { path, message: 'it stands within itself' }
  if (path.length > deepest) return { path, message: tooDeep }
  const within = new Set([...around, value])
  for (const [key, inner] of Object.entries(value)) {
    const found = endlessIn(inner, [...path, key], within)
    if (found) return found
  }
  return undefined
}

export const tooDeep = `it is nested deeper than ${deepest} levels`

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy of the value with another one at the path; what lies beside it stays the same object. */
export function withValue(value: unknown, [key, ...rest]: readonly string[], inner: unknown): unknown {
  if (key === undefined) return inner
  const before = isRecord(value) ? value : {}
  return { ...before, [key]: withValue(before[key], rest, inner) }
}
