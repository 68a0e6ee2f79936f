import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { quantile } from '../frame.mjs'
import { cpuSeconds, ownMemory, prepareProduct, startProduct, stop, untilAnswers } from '../product.mjs'

const file = (name) => fileURLToPath(new URL(`../processes/${name}`, import.meta.url))
const rate = 2_000
const sockets = 200
const processes = 2
/** More of them than this, and a server that emits each event to each of them answers nobody any more. */
const plainSockets = 20

/** A client that connects, says that it lives as long as anybody asks, and never reads. */
async function neverReads(socketPath) {
  const socket = createConnection(socketPath)
  await once(socket, 'connect')
  const head = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13'
  socket.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${head}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  await once(socket, 'data')
  socket.pause()
  // Masked with zeros, as a client has to, which changes nothing.
  const send = (text) =>
    socket.write(Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)]))
  send('40/live,')
  const pong = setInterval(() => send('3'), 10_000)
  socket.on('error', () => undefined)
  socket.on('close', () => clearInterval(pong))
  return () => socket.destroy()
}

/** Processes of clients, all connected; `ask` answers what each of them says. */
async function startClients(name, socketPath, all) {
  const count = Math.floor(all / processes)
  const counts = [count, all - count]
  const children = counts.map((each) => fork(file(name), [socketPath, String(each)]))
  await Promise.all(children.map((child) => once(child, 'message')))
  const tell = (ask) => children.forEach((child) => child.send({ ask }))
  const ask = async (what) => {
    const answers = children.map((child) => once(child, 'message'))
    tell(what)
    return (await Promise.all(answers)).map(([answer]) => answer)
  }
  return { tell, ask, stop: () => Promise.all(children.map((child) => stop(child))) }
}

/** MiB that a process grows by at most within so many seconds. */
async function growth(pid, seconds) {
  const before = ownMemory(pid)
  let most = before
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(250))
    most = Math.max(most, ownMemory(pid))
  return most - before
}

function committed(path) {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  return new Map(lines.map((line) => line.split(' ').map(Number)))
}

/** Milliseconds from durable to told, of the samples whose commit is known. */
function latencies(reports, times) {
  return reports.flatMap(({ samples }) =>
    samples.flatMap(([seq, at]) => (times.has(seq) ? [Math.max(0, at - times.get(seq))] : [])),
  )
}

async function plain(bench, warm, seconds) {
  const socketPath = bench.path('plain.sock')
  const child = spawn(process.execPath, [file('plain-events.mjs'), socketPath, rate].map(String), {
    stdio: 'ignore',
  })
  let clients
  try {
    await untilAnswers(socketPath, '/socket.io/?EIO=4&transport=polling', performance.now())
    clients = await startClients('plain-clients.mjs', socketPath, plainSockets - 1)
    const leave = await neverReads(socketPath)
    await sleep(warm * 1000)
    await clients.ask('took')
    const grown = await growth(child.pid, seconds)
    const took = (await clients.ask('took')).flatMap((report) => report.took)
    leave()
    return { grown, p99: quantile(took, 0.99) }
  } finally {
    await clients?.stop()
    await stop(child, 'SIGKILL')
  }
}

/** Every client has come back, and has been told more. */
async function cameBack(clients) {
  for (const deadline = performance.now() + 60_000; ; await sleep(100)) {
    const reports = await clients.ask('report')
    const all = reports.flatMap((report) => report.clients)
    if (all.every(({ greeted }) => greeted > 1) || performance.now() > deadline) return all
  }
}

const sum = (all, of) => all.reduce((total, each) => total + of(each), 0)

async function ours(bench, warm, seconds, rows) {
  const home = bench.path('product')
  const times = bench.path('times')
  const plugins = [[file('telling-plugin.mjs'), { rate, file: times }]]
  const app = { source: { url: 'https://git.invalid/app.git' }, run: { kind: 'command', up: 'true' } }
  const socketPath = prepareProduct(home, { app }, { plugins })
  let product = startProduct(home)
  let clients
  try {
    await untilAnswers(socketPath, '/livez', performance.now())
    clients = await startClients('live-clients.mjs', socketPath, sockets - 1)
    const leave = await neverReads(socketPath)
    await sleep(warm * 1000)
    clients.tell('samples')
    const cpu = cpuSeconds(product.pid)
    const grown = await growth(product.pid, seconds)
    const used = ((cpuSeconds(product.pid) - cpu) * 100) / seconds
    const reports = await clients.ask('report')
    const all = reports.flatMap((report) => report.clients)
    leave()
    await product.kill()
    product = startProduct(home)
    await untilAnswers(socketPath, '/livez', performance.now())
    await cameBack(clients)
    await sleep(2_000)
    const after = await cameBack(clients)
    rows({ took: latencies(reports, committed(times)), grown, used, all, after })
  } finally {
    await clients?.stop()
    await product.stop()
  }
}

export default {
  about: `${sockets} clients of the live socket, one of which never reads, while ${rate.toLocaleString('en')} events a second are recorded, and then the server is killed and comes back; beside a server that emits each event by Socket.IO alone, to ${plainSockets} clients.`,
  async run(bench) {
    const [warm, seconds] = bench.full ? [15, 60] : [3, 5]
    await ours(bench, warm, seconds, ({ took, grown, used, all, after }) => {
      const count = `${sockets - 1} clients`
      const none = { unit: count, most: 0 }
      bench.fact({
        name: 'events told a second and client',
        value: (took.length * 50) / seconds / (sockets - 1),
        unit: 'events/s',
      })
      bench.fact({ name: 'durable → client, p99', value: quantile(took, 0.99), unit: 'ms', most: 50 })
      bench.fact({ name: 'durable → client, median', value: quantile(took, 0.5), unit: 'ms' })
      bench.fact({ name: 'CPU of the server', value: used, unit: '% of a core' })
      bench.fact({ name: `growth of the server in ${seconds} s`, value: grown, unit: 'MiB', most: 64 })
      bench.fact({
        name: 'told out of order, twice or not at all',
        value: sum(all, ({ gaps, doubles }) => gaps + doubles),
        ...none,
        unit: 'events',
      })
      bench.fact({
        name: 'the same after a kill and a restart',
        value: sum(after, ({ gaps, doubles }) => gaps + doubles),
        ...none,
        unit: 'events',
      })
      bench.fact({
        name: 'clients that had missed more than 10,000 events by then, and were told the state',
        value: sum(after, ({ anew }) => anew),
        unit: count,
      })
      bench.fact({
        name: 'clients that did not come back',
        value: after.filter(({ greeted }) => greeted < 2).length,
        ...none,
      })
    })
    const reference = await plain(bench, warm, Math.min(seconds, 20))
    const alone = `by Socket.IO alone, ${plainSockets} clients`
    bench.fact({ name: `emitted → client, p99, ${alone}`, value: reference.p99, unit: 'ms' })
    bench.fact({
      name: `growth of the server in at most 20 s, ${alone}`,
      value: reference.grown,
      unit: 'MiB',
    })
  },
}
