import { isIPv4 } from 'node:net'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Knock } from '@longshore/core'
import { WebError } from './errors.js'
import { isLoopback as isLocalAddress } from './listen.js'

const hostHeader = /^(?:\[(?<six>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9.-]+))(?::\d{1,5})?$/

/** Refuses a request over TCP that came by a way on which anybody could read or forge it. */
export function checkWay(request: IncomingMessage, { from, secure }: Knock, own: URL | undefined): void {
  checkSite(request.headers, own, secure)
  if (secure || (from !== undefined && isLocalAddress(from))) return
  throw new WebError('WEB_PLAIN_REFUSED', 'without TLS only this machine is answered', {
    status: 403,
    hint: 'Use the https address; a proxy has to send X-Forwarded-Proto: https, and to be named in web.trustProxy.',
  })
}

/**
 * Lets a request over TCP in only under a name of this machine, or the one of the config, and never on behalf of
 * another site: a page that some browser here shows can reach loopback too, by its address or by a name of its own
 * that resolves to it.
 */
function checkSite(headers: IncomingHttpHeaders, own: URL | undefined, secure: boolean): void {
  const { host, origin } = headers
  if (!isLoopback(host) && (own === undefined || host?.toLowerCase() !== own.host)) {
    throw new WebError('WEB_HOST_UNKNOWN', 'this server does not answer under the name that was asked for', {
      status: 421,
      hint: 'Use 127.0.0.1 or localhost, or set web.url in the config to the address that people type.',
    })
  }
  const name = host?.toLowerCase()
  const ours = [undefined, `${secure ? 'https' : 'http'}://${name}`, own?.origin].includes(origin)
  if (!ours || !fetchedByUs(headers)) {
    throw crossSite('a page of another site asked for this')
  }
}

/**
 * Refuses what no page of ours asked for. Browsers send a cookie whoever's page asks; of what changes something, and of
 * sockets, they say whose page it is.
 */
export function checkOwnPage({ origin, 'sec-fetch-site': site }: IncomingHttpHeaders): void {
  if (origin !== undefined || site === 'same-origin') return
  throw crossSite('nothing says which page asked for this')
}

function isLoopback(host: string | undefined): boolean {
  const { six, name = '' } = hostHeader.exec(host ?? '')?.groups ?? {}
  return six === '::1' || name.toLowerCase() === 'localhost' || (isIPv4(name) && name.startsWith('127.'))
}

/** What browsers say of who asks: nobody, a page of ours, or a person who follows a link to a page. */
function fetchedByUs(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return true
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}

function crossSite(what: string): WebError {
  return new WebError('WEB_CROSS_SITE', what, {
    status: 403,
    hint: 'Open the address itself; a program that is no browser sends a token.',
  })
}
