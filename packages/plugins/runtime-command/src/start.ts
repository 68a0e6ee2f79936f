import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { within, type Clock } from '@longshore/core'
import { spawnError, wordOf, type Resolved } from './command.js'
import type { Members } from './members.js'
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

/** Milliseconds from a spawn to the command itself: there is little to do between, but the machine may be busy. */
const launchDeadline = 30_000

/**
 * What enters the cgroup and then becomes the command. The command's words are arguments: no shell reads them. It says on
 * its fd 3, which the command does not get, that it could not enter, or with what exit code the command could not be
 * executed; bash must be told to survive that. What the shell itself adds to the environment is taken out again.
 */
const entering = `\${BASH_VERSION+shopt -s execfail}
trap 'echo $? >&3' EXIT
{ echo 0 >"$0"; } 2>/dev/null || echo outside >&3
unset PWD OLDPWD SHLVL
{ exec "$@"; } 3>&-`

interface Launch {
  env: Record<string, string>
  cwd: string
  /** Where its output goes: file descriptors, or pipes of its own. */
  output: [number, number] | ['pipe', 'pipe']
  members: Members
}

/**
 * Spawns a command as the leader of a session and group of its own, in the cgroup of its instance. `ready` resolves when
 * it is executed. Errors of both: UP_NOT_FOUND, UP_NOT_EXECUTABLE.
 */
export function launch(
  command: Resolved,
  { env, cwd, output, members }: Launch,
): { child: ChildProcess; ready: Promise<void> } {
  const { file, args, name } = command
  const cgroup = members.enter()
  const options: SpawnOptions = { cwd, env, detached: true }
  if (!cgroup) {
    const child = spawn(file, args, { ...options, argv0: name, stdio: ['ignore', ...output] })
    return { child, ready: Promise.resolve() }
  }
  const words = ['-c', entering, cgroup.door, wordOf(command, env['PATH']), ...args]
  const child = spawn('/bin/sh', words, { ...options, stdio: ['ignore', ...output, 'pipe'] })
  const ready = within(launchDeadline, `the start of ${name}`, async () => {
    let said = ''
    for await (const chunk of child.stdio[3] as Readable) said += String(chunk)
    if (said.includes('outside')) members.leave()
    if (said.includes('127')) throw spawnError(command, { code: 'ENOENT' })
    if (said.includes('126')) throw spawnError(command, { code: 'EACCES' })
  })
  // Whoever waits for something else first shall not miss it.
  ready.catch(() => {})
  return { child, ready }
}

/** Starts a command. Errors: UP_NOT_FOUND, UP_NOT_EXECUTABLE. */
export async function start(
  command: Resolved,
  { ends, ...more }: Omit<Launch, 'output'> & { ends: [number, number] },
): Promise<Started> {
  const { child, ready } = launch(command, { ...more, output: ends })
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException]
    throw spawnError(command, error)
  }
  // In the same turn of the loop: even if it ended already, it was not reaped yet, and its number is its own.
  const identity = (more.members.leader = identify(child.pid))
  const exit = new Promise<Exit>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  await ready
  return { identity, exit }
}

/** A process that an earlier Longshore started: how it ends cannot be seen, only that it did. */
export function adopt(identity: Identity, clock: Clock, signal: AbortSignal): Started {
  return { identity, exit: allGone([identity], clock, signal).then(() => ({ exitCode: null, signal: null })) }
}

/** The exit, or undefined when it still runs after so many milliseconds; rejects when the signal aborts. */
export async function see(
  started: Started,
  milliseconds: number | undefined,
  signal: AbortSignal,
  clock: Clock,
): Promise<Exit | undefined> {
  const done = new AbortController()
  const either = AbortSignal.any([signal, done.signal])
  const timer = clock.sleep(milliseconds ?? 2 ** 31 - 1, either).then(() => undefined)
  try {
    return await Promise.race([started.exit, timer])
  } finally {
    done.abort()
    timer.catch(() => {})
    signal.throwIfAborted()
  }
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
