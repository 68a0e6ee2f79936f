import { Client } from '../client.js'
import { NodeTransport } from './transport.js'

/** Where the API answers: the socket of an account on this machine, or an address with a token. */
export type Target = { socket: string } | { url: string | URL; token?: string }

/**
 * The same client by Node's own HTTP: through the socket of this account too, which needs no token. Streams that are quiet for
 * long stay open, which they do not with Node's `fetch`.
 */
export function createNodeClient(target: Target): Client {
  if ('socket' in target) return new Client(new NodeTransport({ socketPath: target.socket }))
  return new Client(new NodeTransport(new URL(target.url)), target.token)
}
