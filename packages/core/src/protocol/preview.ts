import { z } from 'zod'

/** What a deployment would change, told without touching the host. */
export const Preview = z
  .strictObject({
    /** What would be applied, in the form that `Made.resolved` keeps. */
    resolved: z.string().max(262_144).optional(),
    changes: z.array(
      z.strictObject({
        what: z.enum(['create', 'replace', 'remove', 'keep', 'build', 'pull']),
        /** What people call it: a service of a project, an image, a volume; of one process or container its service. */
        instance: z.string().max(500),
        /** A sentence without a secret. */
        say: z.string().max(2000),
      }),
    ),
  })
  .meta({ id: 'Preview' })
export type Preview = z.infer<typeof Preview>

/** Characters of one value, and differences that are named. */
const most = { value: 120, named: 20 }

/** How two resolved forms differ, in words: `user: none → 1000; ports: ["…"] → ["…"]`. Undefined when they do not. */
export function differenceBetween(before: unknown, after: unknown): string | undefined {
  const [old, now] = [leaves(before), leaves(after)]
  const keys = [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key))
  if (keys.length === 0) return undefined
  const named = keys.slice(0, most.named).map((key) => `${key}: ${cut(old.get(key))} → ${cut(now.get(key))}`)
  const more = keys.length - named.length
  return named.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/** Every value by its place; a list of plain values is one. */
function leaves(value: unknown, place = '', found = new Map<string, string>()): Map<string, string> {
  const nested = typeof value === 'object' && value !== null
  const plain = Array.isArray(value) && value.every((each) => typeof each !== 'object')
  if (nested && !plain)
    for (const [key, each] of Object.entries(value)) leaves(each, place ? `${place}.${key}` : key, found)
  else if (value !== undefined && value !== null) found.set(place, JSON.stringify(value))
  return found
}

function cut(text = 'none'): string {
  return text.length > most.value ? `${text.slice(0, most.value)}…` : text
}
