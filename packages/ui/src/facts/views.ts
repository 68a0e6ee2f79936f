import { StateWord, viewOf, type PlacementView } from '@longshore/core/protocol'
import { computed } from 'vue'
import { hosts, placements } from '../live/live.js'

/** Trouble first: the order in which a person wants to know. */
const rank = new Map(StateWord.options.map((word, at) => [word, at]))

function byTrouble(a: PlacementView, b: PlacementView): number {
  return rank.get(a.state)! - rank.get(b.state)! || compare(a.service, b.service) || compare(a.host, b.host)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** All that is declared, and what was removed and still runs; trouble first. */
export const views = computed(() =>
  placements.value
    .filter(({ declared, running, stuck }) => declared || running || stuck)
    .map((placement) => viewOf(placement, hosts.value[placement.host]))
    .sort(byTrouble),
)

/** How many are in each state, in the order of trouble; those apart that none is in. */
export const counts = computed(() =>
  StateWord.options
    .map((state) => ({ state, count: views.value.filter((view) => view.state === state).length }))
    .filter(({ count }) => count > 0),
)

/** Those in whose way something stands that only a person can move. */
export const needsSomebody = computed(() =>
  views.value.filter(({ state }) => state !== 'healthy' && state !== 'deploying'),
)
