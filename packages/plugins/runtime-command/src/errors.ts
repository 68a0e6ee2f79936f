import { UnavailableError } from '@longshore/core'
import type { Resolved } from './command.js'
import { exitWords, type Exit } from './start.js'

/** How `up` ended when it should not have. */
export function upFailed({ name }: Resolved, exit: Exit, keepAlive: boolean): UnavailableError {
  const hint = keepAlive
    ? 'Its output says more. With keepAlive it must stay in the foreground; without, it is a job that may end.'
    : 'Its output says more.'
  return new UnavailableError('UP_FAILED', `${name} ended with ${exitWords(exit)}`, {
    hint,
    data: { ...exit },
  })
}

/** A full disk by its own code, whoever met it: the records, or mkfifo, which only says it in words. */
export function roomless(error: unknown): unknown {
  const { code, stderr = '' } = error as { code?: unknown; stderr?: string }
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && !/no space left|quota exceeded/i.test(stderr)) return error
  return new UnavailableError(
    'RUNTIME_FULL',
    'there is no room on the disk to keep a record of what is started',
    {
      hint: 'Make room in the data folder; what ran before runs on.',
      cause: error,
    },
  )
}
