import { DeadlineError, LongshoreError, type Exit } from '@longshore/core'

/** A step that ended otherwise than with 0. `last`: what it printed last, without secrets. */
export function stepFailed(step: string, { exitCode, signal }: Exit, last: string): LongshoreError {
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`
  return new LongshoreError('STEP_FAILED', `${step} ended with ${how}${last && `: ${last}`}`, {
    hint: 'The output of the deployment holds all that it printed.',
    data: { exitCode, signal },
  })
}

export function stepLate(step: string, milliseconds: number, last: string): DeadlineError {
  const said = last && `; it printed last: ${last}`
  return new DeadlineError(
    'STEP_TIMEOUT',
    `${step} took longer than ${milliseconds} ms and was ended${said}`,
    {
      hint: 'Give it a longer timeout; those before a deployment, and those after it, have run.timeout together.',
    },
  )
}
