import { ApiError, UnreachableError } from '@longshore/client'
import { LongshoreError, RefusedError } from '@longshore/core'

/** The command line itself is wrong. */
export class UsageError extends LongshoreError {}

/** 0 ok, 1 failed, 2 usage, 3 refused, 4 unreachable. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 2
  if (error instanceof UnreachableError) return 4
  if (error instanceof RefusedError) return 3
  if (!(error instanceof ApiError)) return 1
  if ([401, 403, 409].includes(error.status)) return 3
  return [400, 422].includes(error.status) ? 2 : 1
}
