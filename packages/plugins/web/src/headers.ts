import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet from 'helmet'

const nothing = ["'none'"]
const protect = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: nothing,
      styleSrc: ["'self'"],
      frameAncestors: nothing,
      baseUri: nothing,
      formAction: nothing,
    },
  },
  xFrameOptions: { action: 'deny' },
  // Not to be said over plain HTTP (RFC 6797, 7.2): whoever puts TLS before this server knows for which names.
  strictTransportSecurity: false,
})

/** On every answer: nothing of it may run, be framed, be guessed at, be kept, or be read by another site's page. */
export const securityHeaders: Readonly<Record<string, string>> = {
  ...saidBy(protect),
  'Cache-Control': 'no-store',
}

/** They depend on no request, and stand on answers too of which Node makes no response. */
function saidBy(handler: typeof protect): Record<string, string> {
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
