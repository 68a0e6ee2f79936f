import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@longshore/core'
import { Series } from '@longshore/health'

/* Prints how many MiB the series of so many checks take once they were looked at for 30 days. Needs --expose-gc. */
const count = Number(process.argv[2])
const folder = mkdtempSync(join(tmpdir(), 'longshore-bench-series-'))
const [day, now] = [86_400_000, Date.now()]

function used() {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}

try {
  const before = used()
  const series = new Series(folder, createLogger({ level: 'warn' }))
  await series.open()
  const checks = Array.from({ length: count }, (_, index) => {
    const service = `service-${index}`
    return { key: `${service}/http`, service, name: 'http', every: 10_000 }
  })
  series.keep(checks, now - 30 * day)
  for (let at = now - 30 * day; at <= now; at += day / 4) {
    for (const { key } of checks) series.take(key, { at, sha: 'a'.repeat(40), state: 'healthy', took: 5 })
    // What is written meanwhile is no part of it.
    await new Promise((resolve) => setImmediate(resolve))
  }
  await series.close()
  console.log(used() - before)
  // Still there while it is measured.
  if (series.steps(checks[0].key, 'coarse', 0, now).length === 0) throw new Error('nothing was kept')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
