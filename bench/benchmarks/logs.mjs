import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { median, quantile } from '../frame.mjs'
import { connectLive, received, startContainers, watch } from '../live.mjs'
import { stop } from '../product.mjs'

const line = 'x'.repeat(99)
const newline = 0x0a

/** Lines a second from the first bytes on, for so many seconds; `begin` is given what counts and answers how to end it. */
async function rate(seconds, begin) {
  let lines = 0
  let first
  let end
  const over = new Promise((resolve) => (end = resolve))
  const stopReading = await begin((count) => {
    if (first === undefined) {
      first = performance.now()
      setTimeout(end, seconds * 1000)
    } else lines += count
  })
  await over
  const took = performance.now() - first
  await stopReading()
  return (lines * 1000) / took
}

function countLines(chunk) {
  let count = 0
  for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) count++
  return count
}

async function commandLine(engine, id, take) {
  const child = spawn('docker', ['--host', engine.host, 'logs', '--follow', '--tail', '0', id], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.stdout.on('data', (chunk) => take(countLines(chunk)))
  return () => stop(child)
}

async function rawApi(engine, id, take) {
  const path = `/containers/${id}/logs?follow=1&stdout=1&tail=0`
  const asked = request({ socketPath: engine.socket, path, agent: false }, (response) =>
    response.on('data', (chunk) => take(countLines(chunk))),
  )
  asked.on('error', () => undefined)
  asked.end()
  return () => asked.destroy()
}

async function flood(bench, { socket, engine, container }) {
  const seconds = bench.full ? 3 : 1
  const id = await container('flood')
  const wire = { bytes: 0, text: 0, lines: 0, skipped: 0 }
  const ours = () =>
    rate(seconds, async (take) => {
      const client = await connectLive(socket)
      const before = received(client)
      await watch(client, { topic: 'logs', service: 'flood', tail: 0 }, (frame) => {
        wire.lines += frame.lines
        wire.text += frame.text.length
        wire.skipped += frame.skipped
        take(frame.lines)
      })
      return () => {
        wire.bytes += received(client) - before
        client.disconnect()
      }
    })
  const better = { unit: 'lines/s', better: 'more' }
  const reference = () => rate(seconds, (take) => commandLine(engine, id, take))
  await bench.pair({ name: 'beside docker logs -f', ...better, ratio: 1.2, ours, reference })
  const floor = () => rate(seconds, (take) => rawApi(engine, id, take))
  await bench.pair({ name: 'floor: the API read raw', ...better, ratio: 0.8, ours, reference: floor })
  bench.fact({ name: 'bytes on the wire', value: wire.bytes / wire.text, unit: 'times the text', most: 1.5 })
  bench.fact({ name: 'lines skipped', value: (100 * wire.skipped) / (wire.lines + wire.skipped), unit: '%' })
}

/** Milliseconds from the question to the hundredth line. */
async function open(socket) {
  const client = await connectLive(socket)
  const begin = performance.now()
  const took = await new Promise((resolve, reject) => {
    let lines = 0
    watch(client, { topic: 'logs', service: 'quiet', tail: 100 }, (frame) => {
      lines += frame.lines
      if (lines >= 100) resolve(performance.now() - begin)
    }).catch(reject)
  })
  client.disconnect()
  return took
}

export default {
  about:
    'What a container prints as fast as it can, 100 bytes a line, through `longshore serve` to a Socket.IO client, beside `docker logs -f` and the bytes of the engine’s API; the last 100 of 20,000 lines on open.',
  async run(bench) {
    const commands = {
      flood: ['sh', '-c', `exec yes ${line}`],
      quiet: ['sh', '-c', `yes ${line} | head -n 20000; exec sleep 1000000`],
    }
    const containers = await startContainers(bench, commands)
    try {
      await flood(bench, containers)
      await containers.engine.docker('pause', await containers.container('flood'))
      const times = []
      for (let round = 0; round < (bench.full ? 50 : 10); round++) times.push(await open(containers.socket))
      bench.fact({ name: 'last 100 lines on open, median', value: median(times), unit: 'ms', most: 60 })
      bench.fact({ name: 'last 100 lines on open, p99', value: quantile(times, 0.99), unit: 'ms' })
    } finally {
      await containers.close()
    }
  },
}
