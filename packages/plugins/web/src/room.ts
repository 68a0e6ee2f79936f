import type { Request } from 'express'

interface Held {
  bytes: number
  /** While it is being read. */
  giveUp: (() => void) | undefined
}

/**
 * Bytes that the bodies of requests may take together, each until its request is over. When there is no room, the body goes
 * that has been coming for the longest time: whoever sends a body and does not end it keeps nobody out.
 */
export class Room {
  readonly #size: number
  /** In the order in which they began. */
  readonly #held = new Map<Request, Held>()
  #all = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Whether there is room for so many bytes more; `giveUp` is called when others need it, until `whole`. */
  take(request: Request, bytes: number, giveUp: () => void): boolean {
    for (const [other, held] of this.#held) {
      if (this.#all + bytes <= this.#size) break
      if (other === request || !held.giveUp) continue
      this.#leave(other)
      held.giveUp()
    }
    if (this.#all + bytes > this.#size) return false
    this.#all += bytes
    const held = this.#held.get(request)
    if (held) held.bytes += bytes
    else {
      this.#held.set(request, { bytes, giveUp })
      request.res?.once('close', () => this.#leave(request))
    }
    return true
  }

  /** All of it is there: it is worked on. */
  whole(request: Request): void {
    const held = this.#held.get(request)
    if (held) held.giveUp = undefined
  }

  #leave(request: Request): void {
    this.#all -= this.#held.get(request)?.bytes ?? 0
    this.#held.delete(request)
  }
}
