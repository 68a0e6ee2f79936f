import { inspect } from 'node:util'

const hidden = '[secret]'

/** A value that does not print, log or serialise. Open it where it is used and nowhere else. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself: for the call that needs it, never for keeping. */
  open(): string {
    return this.#value
  }

  toString(): string {
    return hidden
  }

  toJSON(): string {
    return hidden
  }

  [inspect.custom](): string {
    return hidden
  }
}
