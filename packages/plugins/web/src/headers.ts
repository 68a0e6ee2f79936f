import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet from 'helmet'

const [nothing, own] = [["'none'"], ["'self'"]]
const closed = { frameAncestors: nothing, baseUri: nothing, formAction: nothing }

/** On every answer: nothing of it may run, be framed, be guessed at, be kept, or be read by another site's page. */
export const securityHeaders: Readonly<Record<string, string>> = {
  ...saidBy({ styleSrc: own }),
  'Cache-Control': 'no-store',
}

/** On the files of the dashboard beside those: it may run and load what comes from here, and nothing that is inline. */
export const pageHeaders: Readonly<Record<string, string>> = saidBy({
  scriptSrc: own,
  styleSrc: own,
  fontSrc: own,
  imgSrc: own,
  connectSrc: own,
  manifestSrc: own,
})

/** They depend on no request, and stand on answers too of which Node makes no response. */
function saidBy(loads: Record<string, string[]>): Record<string, string> {
  const handler = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: nothing, ...loads, ...closed } },
    xFrameOptions: { action: 'deny' },
    // Not to be said over plain HTTP (RFC 6797, 7.2): whoever puts TLS before this server knows for which names.
    strictTransportSecurity: false,
  })
  const said: Record<string, string> = {}
  const response = {
    setHeader: (name: string, value: string) => void (said[name] = value),
    removeHeader: () => undefined,
  }
  handler({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error) throw error as Error
  })
  return said
}
