import { systemClock } from '@longshore/core'
import { Engine } from '../dist/client.js'
import { findEndpoint } from '../dist/engine/endpoint.js'
import { DockerTelemetry } from '../dist/telemetry/telemetry.js'

// Follows what the containers of a service print until a line says `last`; tells what came and by how much memory grew.
const [host, warm] = process.argv.slice(2)
const engine = new Engine(findEndpoint(host, {}))
const telemetry = new DockerTelemetry({ engine, clock: systemClock, host: 'box' })
const came = { lines: 0, bytes: 0, skipped: 0 }
let before
let most = 0

function take({ bytes, partial }) {
  came.bytes += bytes.length
  if (!partial) came.lines++
  return bytes.length === 4 && Buffer.from(bytes).toString() === 'last'
}

async function read() {
  const placement = { service: 'hello', host: 'box' }
  for await (const { lines, skipped } of telemetry.logs(
    { ...placement, follow: true },
    new AbortController().signal,
  )) {
    came.skipped += skipped
    let over = false
    for (const line of lines) over = take(line) || over
    // What a process takes until it is warm is no growth.
    if (came.bytes > Number(warm)) before ??= process.memoryUsage.rss()
    most = Math.max(most, process.memoryUsage.rss())
    if (over) return
  }
}

await read()
process.stdout.write(JSON.stringify({ ...came, grown: (most - before) / 2 ** 20 }))
process.exit()
