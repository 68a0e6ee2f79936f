import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'

/**
 * What a benchmark is given. `full` is false in the short form, which proves that it runs and costs seconds.
 * Every row that it makes is printed at once and, in the full form, kept in RESULTS.md.
 */
export class Bench {
  rows = []
  #folder

  constructor({ full }) {
    this.full = full
    this.rounds = full ? 7 : 5
    /** Of the pairs that were measured. */
    this.fewest = Infinity
    this.#folder = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
  }

  /** A fresh, empty path in a folder that is removed when the benchmark ends. */
  path(name) {
    return join(mkdtempSync(join(this.#folder, 'p-')), name)
  }

  /**
   * Measures ours and the reference in turn, `rounds` times, and keeps the median of the ratios of neighbours.
   * `ours` and `reference` resolve to a figure in `unit`; `better` says which way is good: 'more' or 'less'.
   * `ratio` is the bound that the target names, on ours / reference; absent when the row only informs.
   */
  async pair({ name, unit, better, ratio, ours, reference, rounds = this.rounds }) {
    const pairs = []
    this.fewest = Math.min(this.fewest, rounds)
    for (let round = 0; round < rounds; round++) {
      const first = round % 2 === 0 ? ours : reference
      const a = await first()
      const b = await (first === ours ? reference : ours)()
      pairs.push(first === ours ? { ours: a, reference: b } : { ours: b, reference: a })
    }
    const got = median(pairs.map((pair) => pair.ours / pair.reference))
    this.#row({
      name,
      ours: `${figure(median(pairs.map((pair) => pair.ours)))} ${unit}`,
      reference: `${figure(median(pairs.map((pair) => pair.reference)))} ${unit}`,
      ratio: got.toFixed(2),
      target: ratio === undefined ? '' : `${better === 'more' ? '≥' : '≤'} ${ratio}`,
      met: ratio === undefined ? undefined : better === 'more' ? got >= ratio : got <= ratio,
    })
  }

  /** A figure that stands for itself. `most` is the bound that the target names; absent when it only informs. */
  fact({ name, value, unit, most }) {
    const target = most === undefined ? '' : `≤ ${most} ${unit}`
    const met = most === undefined ? undefined : value <= most
    this.#row({ name, ours: `${figure(value)} ${unit}`, reference: '', ratio: '', target, met })
  }

  /** What this machine cannot measure, and why. */
  skip({ name, why }) {
    this.#row({ name, ours: `not measured: ${why}`, reference: '', ratio: '', target: '' })
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #row(row) {
    this.rows.push(row)
    const parts = [row.ours, row.reference && `reference ${row.reference}`, row.ratio && `ratio ${row.ratio}`]
    console.log(`  ${row.name}: ${parts.filter(Boolean).join(', ')}${verdict(row, '  target ')}`)
  }
}

export function verdict({ target, met }, before = '') {
  return target ? `${before}${target} ${met ? 'met' : 'MISSED'}` : ''
}

export function median(values) {
  return quantile(values, 0.5)
}

/** The value below which that share of the values lies (nearest rank). */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

function figure(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

/** One line on the machine: figures mean something only beside it. */
export function machine() {
  const system = execFileSync('uname', ['-srm'], { encoding: 'utf8' }).trim()
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system}, Node ${process.version}`
}
