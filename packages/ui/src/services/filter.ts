import type { PlacementView } from '@longshore/core/protocol'

/** One word of a filter: what a key is to be, or a text that the name or the message holds. */
interface Term {
  key: string | undefined
  values: string[]
  /** With a - before it: those that fit are left out. */
  isNot: boolean
}

/** What a key looks at. */
const facts: Record<string, (view: PlacementView) => string[]> = {
  state: ({ state }) => [state],
  host: ({ host }) => [host],
  kind: ({ run }) => [run.kind],
  service: ({ service }) => [service],
  outcome: ({ last }) => (last ? [last.outcome] : []),
}

/**
 * The placements that fit a text such as `state:held,failing host:quay-1 -kind:compose shop`: every term has to fit, of its
 * values one. A word without a key fits what has it in its name, its commit or what is said of it.
 */
export function filterViews(views: readonly PlacementView[], text: string): PlacementView[] {
  const terms = termsOf(text)
  return views.filter((view) => terms.every((term) => fits(view, term) !== term.isNot))
}

function termsOf(text: string): Term[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const terms = words.map((word) => {
    const isNot = word.length > 1 && word.startsWith('-')
    const [key = '', ...rest] = (isNot ? word.slice(1) : word).split(':')
    const known = rest.length > 0 && Object.hasOwn(facts, key)
    const value = known ? rest.join(':') : isNot ? word.slice(1) : word
    return { key: known ? key : undefined, values: known ? value.split(',').filter(Boolean) : [value], isNot }
  })
  // A key without a value yet says nothing: somebody is typing.
  return terms.filter(({ values }) => values.length > 0)
}

function fits(view: PlacementView, { key, values }: Term): boolean {
  if (key !== undefined) return facts[key]!(view).some((fact) => values.includes(fact.toLowerCase()))
  const { service, why, running, newest } = view
  const said = [service, why, running?.commit.sha, running?.commit.message, newest?.sha, newest?.message]
  return said.some((each) => each?.toLowerCase().includes(values[0]!))
}
