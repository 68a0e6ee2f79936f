import type { SecretRef } from '../protocol/index.js'
import type { Secret } from './secret.js'

/** Characters below which a value is too common to be told from other text. */
const shortest = 4

/**
 * Hides the values of secrets in text that others printed: of everything that the value (a `run` section) refers to, line
 * by line. One that cannot be opened now hides nothing.
 */
export async function masking(
  value: unknown,
  open: (reference: SecretRef) => Promise<Secret>,
): Promise<(text: string) => string> {
  const opened = await Promise.all(referencesIn(value).map((each) => open(each).catch(() => undefined)))
  const lines = opened.flatMap((secret) => secret?.open().split('\n') ?? [])
  const hidden = [...new Set(lines.map((line) => line.trim()))].filter((line) => line.length >= shortest)
  // The longest first: one may be a part of another.
  hidden.sort((a, b) => b.length - a.length)
  return (text) => hidden.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
}

function referencesIn(value: unknown): SecretRef[] {
  if (typeof value !== 'object' || value === null) return []
  const entries = Object.entries(value)
  const [only] = entries
  if (only?.[0] === 'secret' && entries.length === 1 && typeof only[1] === 'string')
    return [value as SecretRef]
  return entries.flatMap(([, each]) => referencesIn(each))
}
