import type { Clock, Command, Exit, Output } from '@longshore/core'
import { z } from 'zod'
import type { Engine } from '../client.js'
import { commandMissing, isFault } from '../errors.js'
import { Marked, markOf } from './marked.js'
import { handOn } from './output.js'

/** What the engine says of a command in a container: one that never began has no process. */
const Details = z.object({ Running: z.boolean(), ExitCode: z.int().nullish(), Pid: z.int().default(0) })
type Details = z.infer<typeof Details>

/** Milliseconds after which a command is looked at though its output goes on: what it left may hold that open. */
const glance = 500

interface Inside {
  engine: Engine
  clock: Clock
  container: string
  /** Of the command: its processes are known by it. */
  id: string
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number
  signal: AbortSignal
  output: Output
}

/**
 * Runs a command in a container that runs, with the variables that it has. The engine would never end it: it is ended by the
 * mark in its environment, with all that it began. Errors: COMMAND_MISSING, COMMAND_STUCK, the signal's reason.
 */
export async function runInside({ argv, env, service }: Command, inside: Inside): Promise<Exit> {
  const { engine, clock, container, id, grace, signal, output } = inside
  const mark = markOf(id)
  const Env = [...Object.entries(env).map(([name, value]) => `${name}=${value}`), mark]
  const begin = { Cmd: [...argv], Env, AttachStdout: true, AttachStderr: true }
  const exec = await engine.call((docker) => docker.getContainer(container).exec(begin), signal)
  const look = () =>
    engine
      .ask(Details, () => exec.inspect())
      .catch((error: unknown) => {
        // Its container is gone, and it as well.
        if (!isFault(error, 'missing')) throw error
        return { Running: false, Pid: -1 } satisfies Details
      })
  const end = () => new Marked(engine, container, clock).end(mark, grace, async () => (await look()).Running)
  const closed = new AbortController()
  let handed: Promise<void> | undefined
  try {
    signal.throwIfAborted()
    // To its answer in any case: nobody could tell whether it began.
    const options = { Detach: false, Tty: false, abortSignal: closed.signal }
    const stream = await engine.call(() => exec.start(options))
    handed = handOn(stream, output)
    const { ExitCode = null, Pid } = await untilEnded(look, handed, clock, signal)
    if (Pid === 0) throw commandMissing(service, argv[0]!)
    return { exitCode: ExitCode, signal: null }
  } finally {
    await end()
    // Now nothing holds its output open.
    await handed?.catch(() => undefined)
    closed.abort()
  }
}

async function untilEnded(
  look: () => Promise<Details>,
  handed: Promise<void>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Details> {
  // Whatever becomes of the output, it is the command that counts.
  for (let printed = handed.catch(() => undefined); ; printed = clock.sleep(glance, signal)) {
    await Promise.race([printed, clock.sleep(glance, signal)])
    signal.throwIfAborted()
    const details = await look()
    if (!details.Running) return details
  }
}
