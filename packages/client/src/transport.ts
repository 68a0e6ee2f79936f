/** A request as a transport sends it. */
export interface TransportRequest {
  method: string
  /** From the root on, with its query. */
  path: string
  headers: Record<string, string>
  body?: string
  /** Ends the request and its answer, whatever is under way. */
  signal: AbortSignal
}

export interface TransportAnswer {
  status: number
  /** Read once, to its end, or left by `return`, which ends the answer. */
  chunks: AsyncIterable<Uint8Array>
}

/** How requests reach a Longshore. Rejects with an `UnreachableError`, or with whatever when the signal has aborted. */
export interface Transport {
  /** The address as people read it. */
  readonly place: string
  open(request: TransportRequest): Promise<TransportAnswer>
  /** Where the live socket is, and what Socket.IO's client needs besides to get there. */
  readonly live: { url: string; options?: Record<string, unknown> }
}
