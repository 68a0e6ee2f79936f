import { shape } from '@longshore/core/protocol'
import { z } from 'zod'

const text = z.string().max(4096).optional()

export const oidcRoutes = {
  begin: shape({
    method: 'GET',
    path: '/session/oidc',
    summary: 'Sign in by the identity provider: leads a browser there',
    right: 'none',
    response: z.strictObject({ location: z.url() }),
    status: 302,
  }),
  finish: shape({
    method: 'GET',
    path: '/session/oidc/callback',
    summary: 'Where the identity provider leads back to; the answer sets the cookie of the session',
    right: 'none',
    // What else a provider adds is to be ignored (RFC 6749, 4.1.2).
    query: z.looseObject({ code: text, state: text, iss: text, error: text }),
    produces: ['text/html'],
  }),
} as const
