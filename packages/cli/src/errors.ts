import { LongshoreError, RefusedError } from '@longshore/core'
import type { Problem } from '@longshore/core/protocol'

/** The command line itself is wrong. */
export class UsageError extends LongshoreError {}

/** Nobody answers there, or not in time. */
export class UnreachableError extends LongshoreError {}

/** The API said no, with its own code, sentence and hint. */
export class ApiError extends LongshoreError {
  readonly status: number

  constructor({
    code,
    detail,
    hint,
    status,
    errors = [],
  }: Pick<Problem, 'code' | 'detail' | 'hint' | 'status' | 'errors'>) {
    const faults = errors
      .filter(({ path }) => !detail.includes(path))
      .map(({ path, message }) => `\n  ${path}: ${message}`)
    super(code, `${detail}${faults.join('')}`, { hint })
    this.status = status
  }
}

/** 0 ok, 1 failed, 2 usage, 3 refused, 4 unreachable. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 2
  if (error instanceof UnreachableError) return 4
  if (error instanceof RefusedError) return 3
  if (!(error instanceof ApiError)) return 1
  if ([401, 403, 409].includes(error.status)) return 3
  return [400, 422].includes(error.status) ? 2 : 1
}
