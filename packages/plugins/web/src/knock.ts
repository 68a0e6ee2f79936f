import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import proxyAddress from 'proxy-addr'
import type { Knock } from '@longshore/core'

/** Which of the two doors a request came through: the socket of this account, or TCP. */
export type Door = 'socket' | 'tcp'

/** Makes of a request what it shows, once for each; headers about the way that it came count only from the proxies named. */
export function knocks(door: Door, trusted: string[]): (request: IncomingMessage) => Knock {
  const trust = proxyAddress.compile(trusted)
  const made = new WeakMap<IncomingMessage, Knock>()
  const knockOf = (request: IncomingMessage): Knock => {
    const headers = request.headers as Knock['headers']
    if (door === 'socket') return { local: true, headers, from: undefined, secure: true }
    const { socket } = request
    const proxied = trust(socket.remoteAddress ?? '', 0)
    const byProxy = proxied && headers['x-forwarded-proto']?.split(',')[0]?.trim() === 'https'
    const secure = (socket as Partial<TLSSocket>).encrypted === true || byProxy
    const from = addressIn(proxyAddress(request, trust)) ?? addressIn(socket.remoteAddress)
    return { local: false, headers, from, secure }
  }
  return (request) => {
    const knock = made.get(request) ?? knockOf(request)
    made.set(request, knock)
    return knock
  }
}

/**
 * The address in what a proxy wrote, which may have a port or brackets; undefined where there is none. An IPv4 address in
 * IPv6 clothes is the IPv4 address.
 */
function addressIn(text = ''): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  const address = bare.split('%')[0]!.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
  return isIP(address) === 0 ? undefined : address
}
