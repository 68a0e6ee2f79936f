import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import proxyAddress from 'proxy-addr'
import type { Knock } from '@longshore/core'

/** Which of the two doors a request came through: the socket of this account, or TCP. */
export type Door = 'socket' | 'tcp'

/** Makes of a request what it shows; headers about the way that it came count only from the proxies named. */
export function knocks(door: Door, trusted: string[]): (request: IncomingMessage) => Knock {
  const trust = proxyAddress.compile(trusted)
  return (request) => {
    const headers = request.headers as Knock['headers']
    if (door === 'socket') return { local: true, headers, from: undefined, secure: true }
    const { socket } = request
    const proxied = trust(socket.remoteAddress ?? '', 0)
    const byProxy = proxied && headers['x-forwarded-proto']?.split(',')[0]?.trim() === 'https'
    const secure = (socket as Partial<TLSSocket>).encrypted === true || byProxy
    return { local: false, headers, from: plain(proxyAddress(request, trust)), secure }
  }
}

/** An IPv4 address in IPv6 clothes is the IPv4 address. */
function plain(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}
