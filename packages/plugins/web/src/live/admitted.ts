import type { IncomingMessage } from 'node:http'
import type { Caller, Gate, Knock } from '@longshore/core'
import type { Right, Sees } from '@longshore/core/protocol'
import type { View } from './run.js'
import { connecting, isKnown, letIn, whoComes } from '../entry.js'

/** What decides who a client of the sockets is. */
export interface Admission {
  gate: Gate
  /** What a request shows. */
  knock: (request: IncomingMessage) => Knock
}

/** Who a request for the sockets comes from, before it is known what its client gives as `auth`. */
export async function knockAt(
  { gate, knock }: Admission,
  request: IncomingMessage,
): Promise<{ known: boolean }> {
  const caller = await whoComes(gate, knock(request), true)
  const known = isKnown(caller)
  // What shows nothing may still name itself by a token in its first message; what shows a wrong one is not heard.
  if (!known && request.headers.authorization !== undefined) await letIn(gate, caller, connecting)
  return { known }
}

/**
 * A client as it was let in: the only place of the sockets that asks the gate. Whatever it answers is judged by what is known now.
 */
export class Admitted implements View {
  readonly caller: Caller
  readonly #gate: Gate

  private constructor(gate: Gate, caller: Caller) {
    this.#gate = gate
    this.caller = caller
  }

  /** A browser cannot send headers with a websocket: what it gives as `auth.token` counts as if it had. */
  static async let(
    { gate, knock }: Admission,
    request: IncomingMessage,
    auth: Record<string, unknown>,
  ): Promise<Admitted> {
    const shown = knock(request)
    const token = auth['token']
    const authorization = `Bearer ${typeof token === 'string' ? token.slice(0, 300) : ''}`
    const headers = 'token' in auth ? { ...shown.headers, authorization } : shown.headers
    const admitted = new Admitted(gate, await whoComes(gate, { ...shown, headers }, true))
    await admitted.stay()
    return admitted
  }

  /** Rejects when the client may not be here, or not any more. */
  async stay(): Promise<void> {
    await letIn(this.#gate, this.caller, connecting)
  }

  /** Rejects when it may not watch that topic, of that service or of all. */
  async mayWatch(topic: string, right: Right, service: string | undefined): Promise<void> {
    await letIn(this.#gate, this.caller, { right, service, what: `watch ${topic}`, changes: false })
  }

  readonly holds = (right: Right, service: string | undefined): boolean => this.caller.holds(right, service)

  /** Whether it sees what is said about a service, or about none in particular. Undefined: it sees everything. */
  get sees(): Sees | undefined {
    const sees: Sees = (service) =>
      this.caller.holds('events:read', service) && this.caller.holds('services:read', service)
    return sees(undefined) ? undefined : sees
  }

  /** Calls back when its rights may have changed, until undone. */
  onChange(recheck: () => void): () => void {
    return this.#gate.changed(recheck)
  }
}
