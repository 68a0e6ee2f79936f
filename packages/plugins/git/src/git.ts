import { DeadlineError } from '@longshore/core'
import { startGit, type GitCall, type GitChild, type GitStream } from './client.js'
import type { Limiter } from './limiter.js'

/** Runs git: bounded in number, time and output, with nobody's config, each in a process group that dies as one. */
export class Git {
  readonly #home: string
  readonly #near: Limiter
  readonly #far: Limiter
  readonly #stopping = new Set<(why: Error) => void>()

  /** `home`: an empty folder. `near` bounds runs on this machine, `far` those that talk to a server. */
  constructor(home: string, near: Limiter, far: Limiter) {
    this.#home = home
    this.#near = near
    this.#far = far
  }

  /** Runs it to its end and answers what it printed; rejects with a coded error when it fails. */
  run(call: GitCall): Promise<Buffer> {
    return this.#limited(call, () => this.#supervised(startGit(call, this.#home, true), call))
  }

  /** Starts it and gives its pipes to `use`; it is gone when this settles. */
  stream<T>(call: GitCall, use: (stream: GitStream) => Promise<T>): Promise<T> {
    return this.#limited(call, async () => {
      const child = startGit(call, this.#home, false)
      const done = this.#supervised(child, call)
      done.catch(() => undefined)
      try {
        return await use({ stdin: child.stdin!, stdout: child.stdout!, done })
      } catch (error) {
        // A pipe that broke is told by why git ended, where it did so by itself.
        if (isPipeError(error)) await done
        throw error
      } finally {
        child.kill()
        // What nobody reads any more would keep it from being over.
        child.stdout?.destroy()
        await done.catch(() => undefined)
      }
    })
  }

  /** Ends everything that runs. */
  stop(): void {
    for (const stop of this.#stopping) stop(new DOMException('Longshore is stopping', 'AbortError'))
  }

  #limited<T>({ host, signal }: GitCall, work: () => Promise<T>): Promise<T> {
    return host === undefined ? this.#near.run('', signal, work) : this.#far.run(host, signal, work)
  }

  /** What it printed when it ended by itself and well; else why it did not. */
  async #supervised(child: GitChild, { signal, timeout }: GitCall): Promise<Buffer> {
    let why: Error | undefined
    const end = (error: Error) => {
      why ??= error
      child.kill()
    }
    const abort = () => end(signal.reason as Error)
    const timer = setTimeout(() => end(late(timeout)), timeout)
    this.#stopping.add(end)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    try {
      const { output, fault } = await child.ended
      if (why ?? fault) throw why ?? fault!
      return output
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      this.#stopping.delete(end)
    }
  }
}

function late(timeout: number): DeadlineError {
  return new DeadlineError('GIT_TIMEOUT', `git took longer than ${timeout} ms`, {
    hint: 'Find out why the server is slow, or give git.timeout more.',
  })
}

function isPipeError(error: unknown): boolean {
  const code = (error as { code?: string } | undefined)?.code ?? ''
  return ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'GIT_OUTPUT_ENDED'].includes(code)
}
