import type { Me } from '@longshore/auth/protocol'
import { ref, shallowRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { faultOf, type Fault } from '../api/api.js'
import { me } from './session.js'
import { wantedPath } from './wanted.js'

/** A form by which somebody comes in: one try at a time, its fault, and where they go then. */
export function useEntering() {
  const route = useRoute()
  const router = useRouter()
  const isBusy = ref(false)
  const fault = shallowRef<Fault>()

  async function enter(ask: () => Promise<Me>): Promise<void> {
    if (isBusy.value) return
    isBusy.value = true
    fault.value = undefined
    try {
      me.value = await ask()
      await router.replace(wantedPath(route.query['to']))
    } catch (error) {
      fault.value = faultOf(error)
    } finally {
      isBusy.value = false
    }
  }

  return { isBusy, fault, enter }
}

/** The secret of a one-time link. It stands behind the #, so that it was sent to nobody; it leaves the address here. */
export function secretOfLink(): string {
  const secret = location.hash.slice(1)
  if (secret) history.replaceState(history.state, '', location.pathname)
  return secret
}
