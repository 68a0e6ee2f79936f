import { Problem } from '@longshore/core/protocol'

/** Whatever the client throws by itself: a stable code, a sentence, and how to mend it where that is known. */
export class ClientError extends Error {
  readonly code: string
  readonly hint: string | undefined

  constructor(code: string, message: string, { hint, cause }: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause })
    this.name = new.target.name
    this.code = code
    this.hint = hint
  }
}

/** Nobody answers there, or not in time, or the connection broke. */
export class UnreachableError extends ClientError {}

type Told = Pick<Problem, 'code' | 'detail' | 'hint' | 'status' | 'errors'> & { requestId?: string }

/** The API said no, with its own code, sentence and hint. */
export class ApiError extends ClientError {
  readonly status: number
  /** What the server's log has the request under. */
  readonly requestId: string | undefined
  /** Of bad input: where each fault is. */
  readonly errors: NonNullable<Problem['errors']>

  constructor({ code, detail, hint, status, errors = [], requestId }: Told) {
    const faults = errors
      .filter(({ path }) => !detail.includes(path))
      .map(({ path, message }) => `\n  ${path}: ${message}`)
    super(code, `${detail}${faults.join('')}`, { hint })
    this.status = status
    this.requestId = requestId
    this.errors = errors
  }
}

/** The error that an answer tells: the problem that it holds, or that it holds none. */
export function problemOf(status: number, text: string): ApiError {
  const parsed = Problem.safeParse(parseJson(text))
  return parsed.success
    ? new ApiError(parsed.data)
    : unknown(status, `it answered ${status} and no reason that can be read`)
}

/** The JSON of an answer that is one. */
export function answerOf(text: string): unknown {
  const value = parseJson(text)
  if (value === undefined) throw unknown(200, 'what it answered is no JSON')
  return value
}

function unknown(status: number, detail: string): ApiError {
  const hint = 'Is it Longshore that answers there, and of this version?'
  return new ApiError({ code: 'ANSWER_UNKNOWN', status, detail, hint })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function unreachable(place: string, why: string, cause?: unknown): UnreachableError {
  return new UnreachableError('API_UNREACHABLE', `no Longshore answers at ${place}${why}`, {
    cause,
    hint: 'Start it with `longshore serve`; if it runs elsewhere, name its config by --config or LONGSHORE_CONFIG, or its address by LONGSHORE_URL.',
  })
}

/** What was a stream of answers ended although nobody ended it. */
export function wentAway(place: string): UnreachableError {
  return new UnreachableError('API_WENT_AWAY', `Longshore at ${place} went away`, {
    hint: 'Look at its log; it may have been restarted.',
  })
}
