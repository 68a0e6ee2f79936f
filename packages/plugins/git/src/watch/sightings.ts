import type { Sighting } from '@longshore/core'

/**
 * What one watch still has to tell: the newest head and whether the source can be reached. A slow reader finds the
 * newest of each, so nothing piles up.
 */
export class Sightings {
  #head: string | undefined
  #trouble: { code: string; reason: string } | undefined
  #toldHead: string | undefined
  #toldTrouble: string | undefined
  #wake: (() => void) | undefined

  head(sha: string): void {
    this.#head = sha
    this.#trouble = undefined
    this.#tell()
  }

  /** Told once as long as the code stays the same. */
  trouble(code: string, reason: string): void {
    this.#trouble = { code, reason }
    this.#tell()
  }

  /** Most looks find nothing new: the reader sleeps on. */
  #tell(): void {
    if (this.#troubleChanged || this.#headChanged) this.#wake?.()
  }

  get #troubleChanged(): boolean {
    return this.#trouble?.code !== this.#toldTrouble
  }

  get #headChanged(): boolean {
    return this.#head !== this.#toldHead && !this.#trouble
  }

  async *read(signal: AbortSignal): AsyncGenerator<Sighting, void> {
    while (!signal.aborted) {
      const next = this.#next()
      if (next) yield next
      else await this.#change(signal)
    }
  }

  #next(): Sighting | undefined {
    if (this.#troubleChanged) {
      this.#toldTrouble = this.#trouble?.code
      return this.#trouble ? { kind: 'unreachable', ...this.#trouble } : { kind: 'reachable' }
    }
    if (!this.#headChanged || this.#head === undefined) return undefined
    this.#toldHead = this.#head
    return { kind: 'head', sha: this.#head }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      this.#wake = done
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
