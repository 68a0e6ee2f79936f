import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { quantile } from '../frame.mjs'
import { connectLive, startContainers, watch } from '../live.mjs'

const run = promisify(execFile)
const writer = fileURLToPath(new URL('../processes/log-writer.mjs', import.meta.url))
const width = 100

/** Milliseconds from the writing of each line to its arrival. */
async function latencies(socket, pipe, rate, seconds) {
  const client = await connectLive(socket)
  const times = []
  let skipped = 0
  await watch(client, { topic: 'logs', service: 'app', tail: 0 }, (frame) => {
    const now = process.hrtime.bigint()
    skipped += frame.skipped
    for (const line of frame.text.split('\n'))
      if (line !== '') times.push(Number(now - BigInt(line.slice(0, line.indexOf(' ')))) / 1e6)
  })
  const { stdout } = await run(process.execPath, [writer, pipe, rate, seconds, width].map(String))
  const deadline = performance.now() + 10_000
  while (times.length + skipped < Number(stdout) && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20))
  client.disconnect()
  return { times, missing: Number(stdout) - times.length }
}

export default {
  about:
    'From the writing of a line into a container’s output to its arrival at a Socket.IO client of `longshore serve`, at 1, 1,000 and 50,000 lines/s of 100 bytes.',
  async run(bench) {
    const containers = await startContainers(bench, { app: ['sleep', '1000000'] })
    try {
      const id = await containers.container('app')
      const pid = await containers.engine.docker('inspect', '--format', '{{.State.Pid}}', id)
      // The pipe that the engine reads what the container prints from.
      const pipe = `/proc/${pid}/fd/1`
      for (const rate of [1, 1_000, 50_000]) {
        const seconds = bench.full ? 20 : 3
        const { times, missing } = await latencies(containers.socket, pipe, rate, seconds)
        const name = `${rate.toLocaleString('en')} lines/s`
        bench.fact({ name: `${name}, median`, value: quantile(times, 0.5), unit: 'ms' })
        bench.fact({ name: `${name}, p99`, value: quantile(times, 0.99), unit: 'ms', most: 50 })
        bench.fact({ name: `${name}, lines that did not come`, value: missing, unit: 'lines', most: 0 })
      }
    } finally {
      await containers.close()
    }
  },
}
