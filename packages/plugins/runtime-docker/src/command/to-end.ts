import type { Exit, Output } from '@longshore/core'
import { z } from 'zod'
import { ignore, type Engine } from '../client.js'
import { handOn } from './output.js'

const Answer = z.object({ StatusCode: z.int() })

/** Milliseconds that a container may run, as far as its engine is concerned: the signal has a deadline. */
const longest = 86_400_000

interface OneOff {
  /** It was made, and does not run. */
  container: string
  start(): Promise<void>
  /** Called when it starts. */
  began(): void
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number
  signal: AbortSignal
  output: Output
}

/** Starts a container, hands on what it prints, and removes it when it has ended, or when the signal aborts. */
export async function runToEnd(
  engine: Engine,
  { container, start, began, grace, signal, output }: OneOff,
): Promise<Exit> {
  const closed = new AbortController()
  const abortSignal = closed.signal
  let handed: Promise<void> | undefined
  try {
    const streams = { stream: true, stdout: true, stderr: true, abortSignal }
    const stream = await engine.call((docker) => docker.getContainer(container).attach(streams), signal)
    handed = handOn(stream, output)
    handed.catch(() => undefined)
    began()
    await start()
    const wait: unknown = await engine.call(
      (docker) => docker.getContainer(container).wait({ abortSignal }),
      signal,
      longest,
    )
    await handed
    return { exitCode: Answer.parse(wait).StatusCode, signal: null }
  } catch (error) {
    await engine.stop(container, grace).catch(ignore('missing'))
    await handed?.catch(() => undefined)
    throw signal.aborted ? signal.reason : error
  } finally {
    closed.abort()
    await engine.remove(container, true).catch(ignore('conflict'))
  }
}
