import type { Response } from 'express'
import type { StreamReply } from '@longshore/core'

/** Milliseconds that a client may read nothing while more waits for it. */
const patience = 300_000

/** The answers that last: ended together when the server stops. */
export class Streams {
  readonly #open = new Set<AbortController>()
  #ended = false

  /** Sends the reply with back-pressure: nothing more is asked of it while the client does not read. */
  async send(response: Response, reply: StreamReply, life: AbortController): Promise<void> {
    response.set({ ...reply.headers, 'Content-Type': reply.type })
    if (response.req.method === 'HEAD') return void response.end()
    this.#open.add(life)
    if (this.#ended) life.abort()
    try {
      response.flushHeaders()
      for await (const chunk of reply.chunks) {
        if (response.destroyed) return
        if (!response.write(chunk) && !(await drained(response))) return
      }
      response.end()
    } finally {
      this.#open.delete(life)
    }
  }

  end(): void {
    this.#ended = true
    for (const life of this.#open) life.abort()
  }
}

/** Waits until the client has read; false when it went away or read nothing for too long. */
function drained(response: Response): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (answer: boolean) => {
      clearTimeout(timer)
      response.off('drain', read).off('close', gone)
      if (!answer) response.destroy()
      resolve(answer)
    }
    const read = () => settle(true)
    const gone = () => settle(false)
    const timer = setTimeout(gone, patience)
    response.once('drain', read).once('close', gone)
    if (response.destroyed) gone()
  })
}
