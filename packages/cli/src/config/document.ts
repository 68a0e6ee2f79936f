import { ConfigError, type ConfigDocument, type ConfigFault } from '@longshore/core'

/** What a file's text came to. With faults its value is what could be made of the rest. */
export interface ParsedText {
  value: unknown
  faults: Omit<ConfigFault, 'file' | 'path'>[]
  place?: ConfigDocument['place']
}

/** The document of a parsed file, or every fault of its text at once. */
export function documentOf(file: string, { value, faults, place }: ParsedText): ConfigDocument {
  if (faults.length > 0) throw new ConfigError(faults.map((fault) => ({ file, path: '', ...fault })))
  return { file, value, place }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy of the value with another one at the path; what lies beside it stays the same object. */
export function withValue(value: unknown, [key, ...rest]: readonly string[], inner: unknown): unknown {
  if (key === undefined) return inner
  const before = isRecord(value) ? value : {}
  return { ...before, [key]: withValue(before[key], rest, inner) }
}
