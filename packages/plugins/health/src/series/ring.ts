import { Cells } from './cells.js'
import { RowFile } from './row-file.js'

/** The last so many steps of every slot: in memory, and a file beside it that a finished step is written to. */
export class Ring {
  readonly cells: Cells
  /** Milliseconds. */
  readonly step: number
  readonly #file: RowFile
  /** The step that each row holds now; -1 for none. */
  readonly #steps: Float64Array

  constructor(path: string, { step, rows, fields }: { step: number; rows: number; fields: number }) {
    this.step = step
    this.cells = new Cells(rows, fields)
    this.#file = new RowFile(path, rows)
    this.#steps = new Float64Array(rows).fill(-1)
  }

  stepOf(time: number): number {
    return Math.floor(time / this.step)
  }

  /** The row of a step, to be written to. A step that was there already goes on: the clock may have been set back. */
  row(step: number): number {
    const row = step % this.cells.rows
    if (this.#steps[row] !== step) {
      this.cells.clearRow(row)
      this.#steps[row] = step
    }
    return row
  }

  /** The row of a step; undefined where nothing is known of it. */
  known(step: number): number | undefined {
    const row = step % this.cells.rows
    return this.#steps[row] === step ? row : undefined
  }

  /** The steps of which something is known. */
  steps(): number[] {
    return [...this.#steps].filter((step) => step >= 0)
  }

  /** Reads the file. `since`: the first step that counts for each slot. */
  async open(slots: number, since: (slot: number) => number): Promise<void> {
    this.cells.reserve(slots)
    const { fields, capacity } = this.cells
    await this.#file.read((step, numbers) => {
      const row = this.row(step)
      const most = Math.min(capacity, this.#file.columns / fields)
      for (let slot = 0; slot < most; slot++) {
        if (step < since(slot)) continue
        for (let field = 0; field < fields; field++)
          this.cells.set(slot, row, field, numbers[slot * fields + field]!)
      }
    })
  }

  /** Writes a step to the file, which grows when there are more slots than it has room for. */
  async save(step: number): Promise<void> {
    const row = this.known(step)
    if (row === undefined) return
    const columns = this.cells.capacity * this.cells.fields
    if (columns === this.#file.columns) await this.#file.write(step, this.cells.row(row))
    else await this.#file.make(columns, this.#all(columns))
  }

  *#all(columns: number): Generator<{ step: number; row: Uint16Array }> {
    for (const [row, step] of this.#steps.entries())
      if (step >= 0) yield { step, row: this.cells.row(row).subarray(0, columns) }
  }
}
