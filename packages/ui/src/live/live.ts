import type { LiveState } from '@longshore/client'
import type { Event, HostState, Placement, State } from '@longshore/core/protocol'
import { computed, reactive, shallowRef } from 'vue'
import { api, faultOf, isSignedOut, type Fault } from '../api/api.js'

/** Milliseconds after which a page says that it does not hear anything: a reload of the server is shorter. */
const patience = 2_000

/** What is known of the host, and as of which event. Parts that did not change are the same objects as before. */
export interface Picture {
  state: State
  seq: number
}

/** The last picture; undefined until the first one is there. */
export const picture = shallowRef<Picture>()

export const link = reactive({
  /** False: what is shown may no longer be true. */
  isLive: false,
  /** Since when nothing is heard, by this machine's clock; undefined while all is well, and for the first moments after. */
  lostAt: undefined as number | undefined,
  fault: undefined as Fault | undefined,
})

const listeners = new Set<(events: readonly Event[]) => void>()
let live: LiveState | undefined
let losing: ReturnType<typeof setTimeout> | undefined

/** Tells of each event from now on, in order; answers how to stop. */
export function onEvents(listener: (events: readonly Event[]) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Begins to listen, once; rejects when the server does not let this browser. `signedOut` is told when it does not any more. */
export async function listen(signedOut: () => void): Promise<void> {
  if (live) return
  live = await api.live({
    onState({ state, seq, events }) {
      picture.value = { state, seq }
      if (events) for (const listener of listeners) listener(events)
    },
    onLink: (linked) => (linked ? found() : lost()),
  })
  found()
  void untilItEnds(live, signedOut)
}

export function hangUp(): void {
  live?.close()
  live = undefined
  picture.value = undefined
  found()
}

async function untilItEnds(listening: LiveState, signedOut: () => void): Promise<void> {
  try {
    const updates = listening[Symbol.asyncIterator]()
    while (!(await updates.next()).done);
  } catch (error) {
    hangUp()
    if (isSignedOut(error)) signedOut()
    else link.fault = faultOf(error)
  }
}

function found(): void {
  clearTimeout(losing)
  Object.assign(link, { isLive: live !== undefined, lostAt: undefined, fault: undefined })
}

function lost(): void {
  if (!live) return
  const at = Date.now()
  clearTimeout(losing)
  losing = setTimeout(() => Object.assign(link, { isLive: false, lostAt: at }), patience)
}

export const placements = computed<Placement[]>(() =>
  Object.values((picture.value?.state['placement'] ?? {}) as Record<string, Placement>),
)
export const hosts = computed(() => (picture.value?.state['host'] ?? {}) as Record<string, HostState>)
