import { z } from 'zod'

const durationUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const sizeUnits = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 } as const

function measure(units: Record<string, number>) {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?)(${Object.keys(units).join('|')})$`)
  return (text: string): number | undefined => {
    const match = pattern.exec(text)
    return match ? Math.round(Number(match[1]) * units[match[2]!]!) : undefined
  }
}

/** Milliseconds of `500ms`, `30s`, `10m`, `2h` or `7d`; undefined for anything else. */
export const parseDuration = measure(durationUnits)
/** Bytes of `512B`, `64KiB`, `64MiB`, `1GiB` (or `kB`, `MB`, `GB`); undefined for anything else. */
export const parseSize = measure(sizeUnits)

function text(parse: (text: string) => number | undefined, error: string, example: string) {
  return z
    .string({ error: (issue) => (issue.input === undefined ? undefined : `this is no ${error}`) })
    .transform((value, context) => {
      const parsed = parse(value)
      if (parsed !== undefined) return parsed
      context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is no ${error}`, input: value })
      return z.NEVER
    })
    .meta({ examples: [example] })
}

/** A span of time in a config: a string with a unit; parsed to milliseconds. */
export const Duration = text(
  parseDuration,
  'duration: write a number and ms, s, m, h or d, such as 30s',
  '30s',
)
/** A size in a config: a string with a unit; parsed to bytes. */
export const Size = text(parseSize, 'size: write a number and B, KiB, MiB or GiB, such as 64MiB', '64MiB')

/** A point in time as people ask for it: RFC 3339, or a span back from now (`1h` = an hour ago). Undefined when neither. */
export function parseTime(value: string, now: number): number | undefined {
  const span = parseDuration(value)
  if (span !== undefined) return now - span
  const parsed = /^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(value) : NaN
  return Number.isNaN(parsed) ? undefined : parsed
}

/** A year has four digits. */
const latest = Date.parse('9999-12-31T00:00:00Z')

/** A time to come as people ask for it: RFC 3339, or a span from now on. Undefined when neither, over, or too far away. */
export function parseEnd(value: string, now: number): number | undefined {
  const span = parseDuration(value)
  const end = span === undefined ? parseTime(value, now) : now + span
  return end !== undefined && end > now && end < latest ? end : undefined
}
