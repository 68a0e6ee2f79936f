import { STATUS_CODES } from 'node:http'
import {
  BusyError,
  describeError,
  InputError,
  LongshoreError,
  MissingError,
  RefusedError,
  UnavailableError,
  UnprovenError,
} from '@longshore/core'
import type { Problem } from '@longshore/core/protocol'
import { WebError } from './errors.js'

/** Anything thrown as problem details (RFC 9457). What is not meant for people stays in the log. */
export function problemOf(error: unknown, requestId: string): Problem {
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
  if (error instanceof UnprovenError) return 401
  if (error instanceof BusyError) return 429
  if (error instanceof UnavailableError) return 503
  return 500
}

/** `SERVICE_HELD` as a title: it stays the same for every occurrence, as the RFC asks. */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ')
  return words[0]!.toUpperCase() + words.slice(1)
}

/** What express throws of a path, in a code of ours; and what has headers of its own. */
export function translate(error: unknown): unknown {
  if (error instanceof BusyError) {
    const { code, message, hint } = error
    return new WebError(code, message, { status: 429, hint, headers: { 'Retry-After': '10' } })
  }
  return error instanceof URIError ? malformed('the path cannot be decoded') : error
}

export function malformed(what: string): WebError {
  return new WebError('WEB_REQUEST_MALFORMED', what, {
    status: 400,
    hint: 'Send a complete HTTP/1.1 request.',
  })
}
