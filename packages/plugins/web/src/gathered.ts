/**
 * Bytes that come in pieces, copied into one memory that grows. Kept as they come, pieces of one byte each would take a
 * hundred times what they hold.
 */
export class Gathered {
  #memory = Buffer.alloc(0)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(piece: Uint8Array): void {
    const size = this.#size + piece.length
    if (size > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, this.#memory.length * 2, 1_024))
      this.#memory.copy(larger, 0, 0, this.#size)
      this.#memory = larger
    }
    this.#memory.set(piece, this.#size)
    this.#size = size
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#size)
  }

  /** Gives its memory back. */
  drop(): void {
    this.#memory = Buffer.alloc(0)
    this.#size = 0
  }
}
