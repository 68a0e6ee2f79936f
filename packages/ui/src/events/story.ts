import { coreRoutes, type Event } from '@longshore/core/protocol'
import { shallowRef, watch } from 'vue'
import { api, faultOf, type Fault } from '../api/api.js'

const most = 200

/** The deployment that an event is a part of, from its first event on; of one without, nothing. */
export function useStory(event: () => Event) {
  const steps = shallowRef<readonly Event[]>([])
  const fault = shallowRef<Fault>()

  async function tell({ deployment }: Event, signal: AbortSignal): Promise<void> {
    steps.value = []
    fault.value = undefined
    if (deployment === undefined) return
    try {
      const query = { deployment, after: 0, limit: most }
      const { items } = await api.call(coreRoutes.events, { query }, { signal })
      steps.value = items
    } catch (error) {
      if (!signal.aborted) fault.value = faultOf(error)
    }
  }

  watch(
    event,
    (now, _, onCleanup) => {
      const left = new AbortController()
      onCleanup(() => left.abort())
      void tell(now, left.signal)
    },
    { immediate: true },
  )
  return { steps, fault }
}
