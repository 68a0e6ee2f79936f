import { spawn } from 'node:child_process'
import { Agent } from 'node:http'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { io } from 'socket.io-client'
import { connectLive, startContainers, watch } from '../live.mjs'
import { memory, stop, untilAnswers } from '../product.mjs'

const processes = new URL('../processes/', import.meta.url)
const file = (name) => fileURLToPath(new URL(name, processes))
const viewers = 20
const width = 1_000
const rate = 10_000

/** Stops to read, as a program that hangs does. */
function stopReading(client) {
  client.io.engine.transport.ws._socket.pause()
}

/** MiB that a process has grown by at most, after `warm` seconds, within so many more. */
async function growth(pid, warm, seconds) {
  await sleep(warm * 1000)
  const before = memory(pid)
  let most = before
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(100))
    most = Math.max(most, memory(pid))
  return most - before
}

async function ours({ socket, product, pipe }, warm, seconds) {
  const clients = await Promise.all(Array.from({ length: viewers }, () => connectLive(socket)))
  const got = clients.map(() => ({ lines: 0, skipped: 0 }))
  for (const [index, client] of clients.entries())
    await watch(client, { topic: 'logs', service: 'app', tail: 0 }, ({ lines, skipped }) => {
      got[index].lines += lines
      got[index].skipped += skipped
    })
  const writing = spawn(
    process.execPath,
    [file('log-writer.mjs'), pipe, rate, warm + seconds, width].map(String),
    { stdio: 'ignore' },
  )
  await sleep(1000)
  stopReading(clients[0])
  const grown = await growth(product.pid, warm - 1, seconds)
  await stop(writing)
  await sleep(1000)
  for (const client of clients) client.disconnect()
  return { grown, others: got.slice(1) }
}

async function plain(bench, warm, seconds) {
  const socketPath = bench.path('plain.sock')
  const child = spawn(process.execPath, [file('plain-emit.mjs'), socketPath], { stdio: 'ignore' })
  const agent = new Agent()
  agent.createConnection = () => createConnection(socketPath)
  try {
    await untilAnswers(socketPath, '/socket.io/?EIO=4&transport=polling', performance.now())
    const options = { transports: ['websocket'], forceNew: true, reconnection: false, agent }
    const clients = Array.from({ length: viewers }, () => io('http://localhost', options))
    await Promise.all(clients.map((client) => new Promise((resolve) => client.once('connect', resolve))))
    stopReading(clients[0])
    const grown = await growth(child.pid, warm, seconds)
    for (const client of clients) client.disconnect()
    return grown
  } finally {
    await stop(child)
  }
}

export default {
  about:
    'Growth of the server’s memory while 20 clients watch 10 MB/s of a container’s lines and one of them stops reading, beside a server that emits the same to all of them by Socket.IO alone.',
  async run(bench) {
    const containers = await startContainers(bench, { app: ['sleep', '1000000'] })
    try {
      const id = await containers.container('app')
      const pid = await containers.engine.docker('inspect', '--format', '{{.State.Pid}}', id)
      const parts = { ...containers, pipe: `/proc/${pid}/fd/1` }
      const [warm, seconds] = bench.full ? [10, 10] : [2, 2]
      // Memory that the first minutes take is not growth by a viewer.
      await ours(parts, warm, seconds)
      const grown = async () => Math.max(0.1, (await ours(parts, warm, seconds)).grown)
      const reference = () => plain(bench, warm, seconds)
      await bench.pair({
        name: `growth in ${seconds} s`,
        unit: 'MiB',
        better: 'less',
        ours: grown,
        reference,
        rounds: 5,
      })
      const minute = await ours(parts, warm, bench.full ? 60 : 5)
      bench.fact({ name: `growth in ${bench.full ? 60 : 5} s`, value: minute.grown, unit: 'MiB', most: 8 })
      const least = Math.min(...minute.others.map(({ lines }) => lines))
      const skipped = Math.max(...minute.others.map(({ skipped }) => skipped))
      bench.fact({ name: 'lines that each of the others got, at least', value: least, unit: 'lines' })
      bench.fact({
        name: 'lines that one of the others missed, at most',
        value: skipped,
        unit: 'lines',
        most: 0,
      })
    } finally {
      await containers.close()
    }
  },
}
