import type { EventFilter } from '@longshore/core/protocol'

const keys = ['service', 'kind', 'actor', 'host', 'deployment', 'since'] as const
type Key = (typeof keys)[number]

/** What is asked of the journal, as its route takes it. */
export type JournalQuery = Partial<Record<Key | 'search', string>>

/** `service:api kind:hold.placed since:1h disk full`: what has no key is looked for as text. */
export function queryOf(text: string): JournalQuery {
  const query: JournalQuery = {}
  const words: string[] = []
  for (const word of text.trim().split(/\s+/).filter(Boolean)) {
    const at = word.indexOf(':')
    const key = keys.find((each) => each === word.slice(0, at))
    const value = word.slice(at + 1)
    if (!key) words.push(word)
    else if (value) query[key] = value
  }
  if (words.length > 0) query.search = words.join(' ')
  return query
}

/** The same for what comes: that is always after whatever `since` names. */
export function filterOf({ since: _, ...rest }: JournalQuery): EventFilter {
  return rest
}
