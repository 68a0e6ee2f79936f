/** Latencies of a span in bins that grow by a quarter: from a tenth of a millisecond to minutes. */
export const bins = 64
const least = 0.1
const step = Math.log(1.262)
/** Stands for a latency that nobody knows. */
const none = 0xffff
const fine = 0x8000

/** The bin that so many milliseconds fall into. */
export function binOf(milliseconds: number): number {
  const bin = Math.ceil(Math.log(milliseconds / least) / step)
  return Math.min(bins - 1, Math.max(0, bin))
}

/** The median of what is in the bins, in milliseconds: within a tenth of the true one. */
export function medianOf(counts: ArrayLike<number>): number | undefined {
  let sum = 0
  for (let bin = 0; bin < bins; bin++) sum += counts[bin] ?? 0
  if (sum === 0) return undefined
  let rest = sum / 2
  for (let bin = 0; bin < bins; bin++) {
    const count = counts[bin] ?? 0
    if (count >= rest) return least * Math.exp(step * (bin - 1 + rest / count))
    rest -= count
  }
  return undefined
}

/** The value below which that share of the samples lies; they are sorted by it. */
export function quantile(samples: Float32Array, share: number): number | undefined {
  if (samples.length === 0) return undefined
  samples.sort()
  return samples[Math.min(samples.length - 1, Math.max(0, Math.ceil(samples.length * share) - 1))]
}

/** Milliseconds in 16 bits: tenths of one up to three seconds, then hundredths of a second. */
export function pack(milliseconds: number | undefined): number {
  if (milliseconds === undefined) return none
  const tenths = Math.round(milliseconds * 10)
  return tenths < fine ? tenths : Math.min(none - 1, fine + Math.round(milliseconds / 10))
}

export function unpack(packed: number): number | undefined {
  if (packed === none) return undefined
  return packed < fine ? packed / 10 : (packed - fine) * 10
}
