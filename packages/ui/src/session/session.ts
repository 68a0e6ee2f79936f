import { sessionRoutes, type Me } from '@longshore/auth/protocol'
import { shallowRef } from 'vue'
import { api, isSignedOut } from '../api/api.js'
import { hangUp } from '../live/live.js'

/** Who is signed in; null: nobody; undefined: not asked yet. */
export const me = shallowRef<Me | null>()

/** Asks the server who this browser is. Rejects when it does not answer. */
export async function lookWhoIsHere(): Promise<Me | null> {
  me.value = await api.call(sessionRoutes.me).catch((error: unknown) => {
    if (isSignedOut(error)) return null
    throw error
  })
  return me.value
}

export async function signOut(): Promise<void> {
  await api.call(sessionRoutes.signOut).catch((error: unknown) => {
    // One that has ended already is as good as signed out.
    if (!isSignedOut(error)) throw error
  })
  leave()
}

/** What this browser knew of the host goes with the session. */
export function leave(): void {
  me.value = null
  hangUp()
}
