import { ApiError, ClientError, createClient } from '@longshore/client'

/** The API of the server that this page came from. The browser adds the cookie of the session. */
export const api = createClient({ url: location.origin })

/** What went wrong, as a page says it. */
export interface Fault {
  say: string
  hint: string | undefined
  /** Stable, to be looked up. */
  code: string
}

/** Rethrows what is no answer of the API or of the way to it: that is a mistake of the page. */
export function faultOf(error: unknown): Fault {
  if (error instanceof ClientError) return { say: error.message, hint: error.hint, code: error.code }
  throw error
}

/** Whether nobody is signed in, or not any more. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}
