import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Metrics, Tell } from '@longshore/core'
import type { Door } from './knock.js'

/** Seconds, from what lies in memory to what is given up. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30]
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])

/** What is open at one door now. */
export interface OpenAtDoor {
  door: Door
  connections: number
  clients: number
  streams: number
}

/** What the server has to tell of itself. No label is anything that a client sent: of a path only the pattern is told. */
export class Figures {
  readonly #count: Tell
  readonly #observe: Tell
  readonly #clock: Clock

  constructor({ add }: Metrics, clock: Clock, open: () => OpenAtDoor[]) {
    this.#clock = clock
    this.#count = add({
      name: 'longshore_http_requests_total',
      help: 'Requests by method, pattern of the path and class of the status; none where nobody waited for an answer',
      type: 'counter',
      labels: ['method', 'route', 'status'],
    })
    this.#observe = add({
      name: 'longshore_http_request_duration_seconds',
      help: 'From the headers of a request to the end of its answer, of a stream also',
      type: 'histogram',
      labels: ['method', 'route'],
      buckets,
    })
    const gauge = (name: string, help: string, of: (door: OpenAtDoor) => number) => {
      const look = () => open().map((each) => ({ value: of(each), labels: { door: each.door } }))
      add({ name: `longshore_${name}`, help, type: 'gauge', labels: ['door'], look })
    }
    gauge(
      'http_connections',
      'Connections that are open and no websockets, by door',
      (door) => door.connections,
    )
    gauge('live_clients', 'Clients of the live sockets, by door', (door) => door.clients)
    gauge('live_streams', 'Watches of the sockets and answers that stream, by door', (door) => door.streams)
  }

  /** Counts a request when its answer is closed. */
  measure(request: IncomingMessage, response: ServerResponse): void {
    const began = this.#clock.monotonic()
    response.once('close', () => {
      // Express notes the route that a request was matched by.
      const { route: matched } = request as { route?: { path?: unknown } }
      const route = typeof matched?.path === 'string' ? matched.path : 'none'
      const method = methods.has(request.method ?? '') ? request.method! : 'other'
      const status = response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : 'none'
      this.#count(1, { method, route, status })
      this.#observe((this.#clock.monotonic() - began) / 1000, { method, route })
    })
  }
}
