import { coreRoutes, eventMatcher, type Event } from '@longshore/core/protocol'
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { api, faultOf, type Fault } from '../api/api.js'
import { onEvents } from '../live/live.js'
import { filterOf, queryOf } from './query.js'

const page = 100
/** Events that a page holds; what is older is asked for again when somebody goes there. */
const most = 5_000

/** Milliseconds without a key until a filter that is typed is asked for. */
const pause = 250

/** The journal as a filter shows it: newest first, what comes joins at the top, what is older is asked for page by page. */
export function useJournal(filter: Ref<string>) {
  const events = shallowRef<readonly Event[]>([])
  const [isBusy, isWhole] = [ref(false), ref(false)]
  const fault = shallowRef<Fault>()
  const query = computed(() => queryOf(filter.value))
  const fits = computed(() => eventMatcher(filterOf(query.value)))
  let asking = new AbortController()

  async function older(): Promise<void> {
    if (isBusy.value || isWhole.value) return
    await ask(events.value.at(-1)?.seq)
  }

  async function anew(): Promise<void> {
    asking.abort()
    asking = new AbortController()
    events.value = []
    isWhole.value = false
    await ask(undefined)
  }

  async function ask(before: number | undefined): Promise<void> {
    const { signal } = asking
    isBusy.value = true
    fault.value = undefined
    try {
      const given = { ...query.value, before, limit: page }
      const { items, next } = await api.call(coreRoutes.events, { query: given }, { signal })
      const oldest = events.value.at(-1)?.seq ?? Infinity
      events.value = [...events.value, ...items.filter(({ seq }) => seq < oldest)]
      isWhole.value = next === null
    } catch (error) {
      if (!signal.aborted) fault.value = faultOf(error)
    } finally {
      if (!signal.aborted) isBusy.value = false
    }
  }

  function join(told: readonly Event[]): void {
    const all = withFresh(events.value, told.filter(fits.value))
    if (all.length > most) isWhole.value = false
    events.value = all.slice(0, most)
  }

  onScopeDispose(onEvents(join))
  onScopeDispose(() => asking.abort())
  void anew()
  afterTyping(query, anew)
  return { events, isBusy, isWhole, fault, older, anew }
}

/** Newest first, each once: what was told may have been asked for already. */
function withFresh(held: readonly Event[], told: readonly Event[]): readonly Event[] {
  const newest = held[0]?.seq ?? 0
  return [...told.filter(({ seq }) => seq > newest).reverse(), ...held]
}

function afterTyping(source: Ref<unknown>, act: () => Promise<void>): void {
  watch(source, (_, __, onCleanup) => {
    const timer = setTimeout(() => void act(), pause)
    onCleanup(() => clearTimeout(timer))
  })
}
