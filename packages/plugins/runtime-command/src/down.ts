import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { DeadlineError, UnavailableError, within, type ApplyContext } from '@longshore/core'
import { environment, resolveCommand, spawnError } from './command.js'
import type { Instance, Tools } from './instance.js'
import { exitWords, launch } from './start.js'

/** Milliseconds that the output of a `down` may stay open after its end: somebody it left behind holds it. */
const outputDeadline = 1_000

/**
 * Runs an instance's `down`, if it has one, in its folder and with its environment. What it leaves behind carries the
 * instance's mark and is ended with it. Errors: those of the command, DOWN_FAILED, DOWN_TIMEOUT, the signal's reason.
 */
export async function runDown(
  { plan, members }: Instance,
  { signal, output, secret }: ApplyContext,
  { records }: Tools,
): Promise<void> {
  if (!plan.run.down) return
  const command = await resolveCommand(plan.run.down, plan.directory)
  const env = await environment(plan, records.mark(plan), secret)
  signal.throwIfAborted()
  const { child, ready } = launch(command, { env, cwd: plan.directory, output: ['pipe', 'pipe'], members })
  const [stdout, stderr] = [child.stdout!, child.stderr!]
  const pump = async (stream: 'stdout' | 'stderr', from: Readable) => {
    for await (const chunk of from) await output.write(stream, chunk as Buffer)
  }
  const pumps = Promise.allSettled([pump('stdout', stdout), pump('stderr', stderr)])
  const late = new DeadlineError('DOWN_TIMEOUT', `down took longer than ${plan.timeout} ms`, {
    hint: 'Give it more time in the config (run.timeout), or find out in its output what it waits for.',
  })
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(late), plan.timeout)
  try {
    const either = AbortSignal.any([signal, deadline.signal])
    const [exitCode, by] = (await once(child, 'exit', { signal: either }).catch(
      (error: NodeJS.ErrnoException) => {
        either.throwIfAborted()
        throw spawnError(command, error)
      },
    )) as [number | null, string | null]
    await ready
    await within(outputDeadline, 'the output of down', () => pumps).catch(() => {})
    if (exitCode === 0) return
    throw new UnavailableError(
      'DOWN_FAILED',
      `${command.name} ended with ${exitWords({ exitCode, signal: by })}`,
      {
        hint: 'Its output says more. It is tried again; mend it in a new commit, or by hand on the host.',
        data: { exitCode, signal: by },
      },
    )
  } finally {
    clearTimeout(timer)
    stdout.destroy()
    stderr.destroy()
  }
}
