import { isIPv4 } from 'node:net'
import type { IncomingHttpHeaders } from 'node:http'
import { WebError } from './errors.js'

const hostHeader = /^(?:\[(?<six>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9.-]+))(?::\d{1,5})?$/

/**
 * Lets a request over TCP in only under a name of this machine, or the one of the config, and never on behalf of
 * another site: a page that some browser here shows can reach loopback too, by its address or by a name of its own
 * that resolves to it.
 */
export function checkSite(headers: IncomingHttpHeaders, own: URL | undefined): void {
  const { host, origin } = headers
  if (!isLoopback(host) && (own === undefined || host?.toLowerCase() !== own.host)) {
    throw new WebError('WEB_HOST_UNKNOWN', 'this server does not answer under the name that was asked for', {
      status: 421,
      hint: 'Use 127.0.0.1 or localhost, or set web.url in the config to the address that people type.',
    })
  }
  const ours = origin === undefined || origin === `http://${host?.toLowerCase()}` || origin === own?.origin
  if (!ours || !fetchedByUs(headers)) {
    throw new WebError('WEB_CROSS_SITE', 'a page of another site asked for this', {
      status: 403,
      hint: 'Open the address itself, or call it from a program that is no browser.',
    })
  }
}

/** Whether the request is for a name of this machine and came without a proxy between. */
export function isDirect(headers: IncomingHttpHeaders): boolean {
  const forwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']
  return isLoopback(headers.host) && !forwarded.some((name) => headers[name] !== undefined)
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
