import { STATUS_CODES } from 'node:http'
import {
  describeError,
  InputError,
  LongshoreError,
  MissingError,
  RefusedError,
  UnavailableError,
} from '@longshore/core'
import type { Problem } from '@longshore/core/protocol'
import { WebError } from './errors.js'

/** Anything thrown as problem details (RFC 9457). What is not meant for people stays in the log. */
export function problemOf(thrown: unknown, requestId: string): Problem {
  const error = translate(thrown)
  const { code, reason } = describeError(error)
  const known = error instanceof LongshoreError
  const status = statusOf(error)
  return {
    type: `urn:longshore:error:${code}`,
    title: known ? titleOf(code) : STATUS_CODES[status]!,
    status,
    code,
    detail: known ? reason : 'Longshore failed at this; its log has the reason under this request id',
    hint: known ? error.hint : undefined,
    requestId,
    errors: error instanceof WebError ? error.errors : undefined,
  }
}

function statusOf(error: unknown): number {
  if (error instanceof WebError) return error.status
  if (error instanceof InputError) return 400
  if (error instanceof MissingError) return 404
  if (error instanceof RefusedError) return 409
  if (error instanceof UnavailableError) return 503
  return 500
}

/** `SERVICE_HELD` as a title: it stays the same for every occurrence, as the RFC asks. */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ')
  return words[0]!.toUpperCase() + words.slice(1)
}

/** What express and its body reader throw, in our own codes. */
export function translate(error: unknown): unknown {
  if (error instanceof LongshoreError || !(error instanceof Error)) return error
  const { type, status } = error as { type?: string; status?: number }
  if (type === 'entity.too.large') {
    return new WebError('WEB_BODY_TOO_LARGE', 'the body is larger than 64 KiB', {
      status: 413,
      hint: 'Send less.',
    })
  }
  if (type === 'encoding.unsupported') {
    return new WebError('WEB_BODY_TYPE', 'a compressed body is not read', {
      status: 415,
      hint: 'Send it without Content-Encoding.',
    })
  }
  if (error instanceof URIError) return malformed('the path cannot be decoded')
  if (type !== undefined && status === 400) return malformed('the body ended before its announced length')
  return error
}

export function malformed(what: string): WebError {
  return new WebError('WEB_REQUEST_MALFORMED', what, {
    status: 400,
    hint: 'Send a complete HTTP/1.1 request.',
  })
}
