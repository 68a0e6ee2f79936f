/** What does not keep to a format. It never leaves this plugin: whoever judges says what it means. */
export class Malformed extends Error {}

/** Reads the binary form in which SSH keeps keys and signatures (RFC 4251, section 5). Nothing is read beyond its end. */
export class Wire {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Malformed('it ends too soon')
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return part
  }

  byte(): number {
    return this.take(1)[0]!
  }

  uint32(): number {
    return this.take(4).readUInt32BE()
  }

  string(): Buffer {
    return this.take(this.uint32())
  }

  /** A name of an algorithm or a purpose. */
  text(): string {
    return this.string().toString('latin1')
  }

  /** A whole number that is not negative, big end first, without zeros before it. */
  number(): Buffer {
    const bytes = this.string()
    if (bytes.length > 0 && bytes[0]! & 0x80) throw new Malformed('a number in it is negative')
    const first = bytes.findIndex((byte) => byte !== 0)
    return first < 0 ? Buffer.alloc(0) : bytes.subarray(first)
  }

  /** Throws when something is left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new Malformed('it goes on behind its end')
  }
}

/** A string as `Wire` reads it. */
export function wireString(bytes: Buffer | string): Buffer {
  const body = Buffer.from(bytes as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}
