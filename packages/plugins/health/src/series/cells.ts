/** Slots that get their memory together. */
export const chunkSlots = 64

/** Numbers of 16 bits: so many fields for each row of each slot, in memory that is only there for slots in use. */
export class Cells {
  readonly rows: number
  readonly fields: number
  readonly #chunks: Uint16Array[] = []

  constructor(rows: number, fields: number) {
    this.rows = rows
    this.fields = fields
  }

  /** Slots that there is room for. */
  get capacity(): number {
    return this.#chunks.length * chunkSlots
  }

  reserve(slots: number): void {
    while (this.capacity < slots) this.#chunks.push(new Uint16Array(chunkSlots * this.rows * this.fields))
  }

  get(slot: number, row: number, field: number): number {
    return this.#chunk(slot)[this.#at(slot, row) + field]!
  }

  set(slot: number, row: number, field: number, value: number): void {
    this.#chunk(slot)[this.#at(slot, row) + field] = value
  }

  /** Counts on, and stays at the most that it can hold. */
  count(slot: number, row: number, field: number, more: number): void {
    this.set(slot, row, field, Math.min(0xffff, this.get(slot, row, field) + more))
  }

  clearRow(row: number): void {
    for (let slot = 0; slot < this.capacity; slot++) {
      const at = this.#at(slot, row)
      this.#chunk(slot).fill(0, at, at + this.fields)
    }
  }

  clearSlot(slot: number): void {
    const at = this.#at(slot, 0)
    this.#chunk(slot).fill(0, at, at + this.rows * this.fields)
  }

  /** One row of every slot, as it is kept on disk. */
  row(row: number): Uint16Array {
    const all = new Uint16Array(this.capacity * this.fields)
    for (let slot = 0; slot < this.capacity; slot++) {
      const at = this.#at(slot, row)
      all.set(this.#chunk(slot).subarray(at, at + this.fields), slot * this.fields)
    }
    return all
  }

  #chunk(slot: number): Uint16Array {
    return this.#chunks[Math.floor(slot / chunkSlots)]!
  }

  #at(slot: number, row: number): number {
    return ((slot % chunkSlots) * this.rows + row) * this.fields
  }
}
