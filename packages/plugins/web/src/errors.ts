import { LongshoreError } from '@longshore/core'
import type { Problem } from '@longshore/core/protocol'

interface Extra {
  status: number
  hint?: string
  /** Of bad input: where each fault is. */
  errors?: Problem['errors']
  headers?: Record<string, string>
}

/** A request that is not answered as asked, with the HTTP status that says so. */
export class WebError extends LongshoreError {
  readonly status: number
  readonly errors: Problem['errors']
  readonly headers: Record<string, string>

  constructor(code: string, message: string, { status, hint, errors, headers = {} }: Extra) {
    super(code, message, { hint })
    this.status = status
    this.errors = errors
    this.headers = headers
  }
}
