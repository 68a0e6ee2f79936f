/** What every error of Longshore carries: a stable code (see docs/errors.md), what is wrong, and how to mend it. */
export class LongshoreError extends Error {
  readonly code: string
  readonly hint: string | undefined
  /** Facts that belong to it, fit for people and machines; never a secret. */
  readonly data: Record<string, unknown> | undefined

  constructor(
    code: string,
    message: string,
    extra: { hint?: string; cause?: unknown; data?: Record<string, unknown> } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause })
    this.name = new.target.name
    this.code = code
    this.hint = extra.hint
    this.data = extra.data
  }
}

/** What was given is wrong: mend it and ask again. */
export class InputError extends LongshoreError {}
/** What was asked for does not exist. */
export class MissingError extends LongshoreError {}
/** It is forbidden as things stand: a hold, a quarantine, a rule. */
export class RefusedError extends LongshoreError {}
/** Nobody knows who asks: what should prove it is missing or wrong. */
export class UnprovenError extends LongshoreError {}
/** It cannot be had now; the same call may go through later. */
export class UnavailableError extends LongshoreError {}
/** What the work needs does not answer, such as an engine: it is waited for. */
export class AwayError extends UnavailableError {}
/** Too much is asked for at once: it may be asked for again in some seconds. */
export class BusyError extends UnavailableError {}
/** A wait reached its deadline. */
export class DeadlineError extends UnavailableError {}

/** The code and sentence of anything thrown: those of ours as they are, anything else as INTERNAL. */
export function describeError(error: unknown): { code: string; reason: string } {
  if (error instanceof LongshoreError) return { code: error.code, reason: error.message }
  if (error instanceof Error) return { code: 'INTERNAL', reason: error.message }
  return { code: 'INTERNAL', reason: String(error) }
}
