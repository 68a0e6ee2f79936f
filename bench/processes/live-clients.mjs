import { Agent } from 'node:http'
import { createConnection } from 'node:net'
import { io } from 'socket.io-client'
import { Decoder, Encoder } from 'socket.io-parser'

// Clients that follow the journal, and count what they were told. Tells its parent once all are connected; answers its
// questions: `samples` begins to keep when sampled events came, `report` says what came.
const [socketPath, count] = [process.argv[2], Number(process.argv[3])]
const now = () => performance.timeOrigin + performance.now()
const every = 50
const agent = new Agent()
agent.createConnection = () => createConnection(socketPath)

/** Takes from packets of events their seqs and ids alone: what is measured is the server, not how clients read JSON. */
class SeqDecoder extends Decoder {
  add(packet) {
    if (typeof packet !== 'string' || !packet.startsWith('2/live,["events",')) return super.add(packet)
    const events = []
    for (const [, seq, id] of packet.matchAll(/"seq":(\d+),"id":"(\w+)"/g))
      events.push({ seq: Number(seq), id })
    this.emitReserved('decoded', { type: 2, nsp: '/live', data: ['events', { events }] })
  }
}

const clients = Array.from({ length: count }, () => ({
  since: undefined,
  gaps: 0,
  doubles: 0,
  anew: 0,
  greeted: 0,
}))
let samples

function take(client, events) {
  const at = now()
  for (const { seq, id } of events) {
    if (seq <= client.since) client.doubles++
    else if (seq !== client.since + 1) client.gaps++
    client.since = seq
    client.id = id
    if (samples && seq % every === 0) samples.push([seq, at])
  }
}

for (const client of clients) {
  const auth = (give) => give({ since: client.since, id: client.id })
  const options = {
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelayMax: 1_000,
    agent,
    auth,
    parser: { Encoder, Decoder: SeqDecoder },
  }
  const socket = io('http://localhost/live', options)
  socket.on('hello', ({ seq, id, events }) => {
    client.greeted++
    if (events) take(client, events)
    else if (client.since !== undefined) client.anew++
    Object.assign(client, { since: seq, id })
  })
  socket.on('events', ({ events }) => take(client, events))
}

const greeted = setInterval(() => {
  if (!clients.every((client) => client.greeted > 0)) return
  clearInterval(greeted)
  process.send({ ready: true })
}, 50)

process.on('message', ({ ask }) => {
  if (ask === 'samples') samples = []
  if (ask === 'report') {
    process.send({ clients, samples })
    samples = undefined
  }
})
