import { io, type Socket } from 'socket.io-client'
import { Problem, type LiveAuth, type LiveRequests, type LiveTellings } from '@longshore/core/protocol'
import { ApiError, unreachable, type ClientError } from '../errors.js'

/** Where the live socket is, and who asks. */
export interface LivePlace {
  url: string
  options?: Record<string, unknown>
  place: string
  token: string | undefined
}

export type LiveSocket = Socket<LiveTellings, LiveRequests>

/** Milliseconds that one try to connect may take, and between tries. */
const limits = { timeout: 20_000, reconnectionDelay: 250, reconnectionDelayMax: 5_000 }

/** A connection of its own to `/live`, not opened yet. `auth` is asked at each connect. */
export function linkTo({ url, options, token }: LivePlace, auth: () => LiveAuth): LiveSocket {
  return io(`${url}/live`, {
    autoConnect: false,
    forceNew: true,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    ...limits,
    ...options,
    auth: (give) => give({ ...(token !== undefined && { token }), ...auth() }),
  })
}

/** Why a connection failed, and whether it is worth another try. */
export function failureOf(place: string, error: Error): { error: ClientError; final: boolean } {
  const problem = Problem.safeParse((error as Error & { data?: unknown }).data)
  // A server that refuses has heard who asks; one that is full or breaks may take the next try.
  if (problem.success) return { error: new ApiError(problem.data), final: problem.data.status < 500 }
  return { error: unreachable(place, ` (${error.message})`, error), final: false }
}
