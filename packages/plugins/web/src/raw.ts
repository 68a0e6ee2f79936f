import { WebError } from './errors.js'
import { securityHeaders } from './headers.js'
import { problemOf } from './problem.js'

/** A problem as the whole of an answer, for where node knows no response: what is no request, and what is no upgrade. */
export function rawProblem(error: unknown, requestId: string): string {
  const problem = problemOf(error, requestId)
  const body = JSON.stringify(problem)
  const headers = {
    ...securityHeaders,
    ...(error instanceof WebError && error.headers),
    'X-Request-Id': requestId,
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${problem.status} ${problem.title}`, ...lines, '', body].join('\r\n')
}
