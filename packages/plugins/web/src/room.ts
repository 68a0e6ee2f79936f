import type { Request } from 'express'

/** Bytes that the bodies of requests may take together, each until its request is over. */
export class Room {
  readonly #size: number
  readonly #taken = new WeakMap<Request, number>()
  #all = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Whether there was room for so many bytes more. */
  take(request: Request, bytes: number): boolean {
    if (this.#all + bytes > this.#size) return false
    this.#all += bytes
    const before = this.#taken.get(request)
    this.#taken.set(request, (before ?? 0) + bytes)
    if (before === undefined) request.res?.once('close', () => (this.#all -= this.#taken.get(request)!))
    return true
  }
}
