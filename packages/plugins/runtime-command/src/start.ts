import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Clock } from '@longshore/core'
import { spawnError, type Resolved } from './command.js'
import { identify, isAlive, type Identity } from './processes.js'

/** How a process ended; both null when nobody could see. */
export interface Exit {
  exitCode: number | null
  signal: string | null
}

/** `exit code 3` or `signal SIGKILL`. */
export function exitWords({ exitCode, signal }: Exit): string {
  return signal === null ? `exit code ${exitCode}` : `signal ${signal}`
}

/** A process that runs, or ran a moment ago. */
export interface Started {
  identity: Identity
  exit: Promise<Exit>
}

/** Milliseconds between two looks at a process that is not a child of ours. */
const lookEvery = 500

/** Starts a command as the leader of a session and group of its own. Errors: UP_NOT_FOUND, UP_NOT_EXECUTABLE. */
export async function start(
  command: Resolved,
  { env, cwd, ends }: { env: Record<string, string>; cwd: string; ends: [number, number] },
): Promise<Started> {
  const child = spawn(command.file, command.args, {
    argv0: command.name,
    cwd,
    env,
    detached: true,
    stdio: ['ignore', ...ends],
  })
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException]
    throw spawnError(command, error)
  }
  // In the same turn of the loop: even if it ended already, it was not reaped yet, and its number is its own.
  const identity = identify(child.pid)
  const exit = new Promise<Exit>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  return { identity, exit }
}

/** A process that an earlier Longshore started: how it ends cannot be seen, only that it did. */
export function adopt(identity: Identity, clock: Clock, signal: AbortSignal): Started {
  return { identity, exit: allGone([identity], clock, signal).then(() => ({ exitCode: null, signal: null })) }
}

/** Resolves when none of the processes is alive, or when the signal aborts. */
export async function allGone(
  processes: readonly Identity[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && processes.some(isAlive)) {
    await clock.sleep(lookEvery, signal).catch(() => {})
  }
}
