import { constants } from 'node:zlib'
import compression from 'compression'
import type { Request, RequestHandler, Response } from 'express'
import { MadeJson } from './made-json.js'

/** What is made smaller for who asks for it. Streams are not: each line is to be seen when it is written. */
const compressed = /^(?:application\/json|text\/(?:html|css))\b/

/** Of brotli, as a power of two: 256 KiB. Its own choice takes some 10 MiB for each answer that is made smaller. */
const window = 18

/** Gzip or brotli by `Accept-Encoding`, of answers that are worth it. */
export function makeSmaller(): RequestHandler {
  return compression({
    threshold: 1024,
    brotli: { params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: window } },
    filter: (_request, response) => compressed.test(String(response.getHeader('Content-Type'))),
  })
}

/**
 * Sends JSON. A reading bears an ETag, and who says by `If-None-Match` that it has the same already gets 304 and no body
 * (RFC 9110, 13.1.2). The tag is weak: the same answer may come in several encodings.
 */
export function sendJson(request: Request, response: Response, status: number, answer: unknown): void {
  const made = answer instanceof MadeJson ? answer : MadeJson.of(answer)
  response.status(status).type('json')
  if (request.method === 'GET' || request.method === 'HEAD') {
    response.set('ETag', `W/"${made.print}"`)
    if (request.fresh) {
      response.status(304).removeHeader('Content-Type')
      return void response.end()
    }
  }
  response.send(made.bytes)
}
