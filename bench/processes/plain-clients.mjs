import { Agent } from 'node:http'
import { createConnection } from 'node:net'
import { io } from 'socket.io-client'

// Clients of plain-events.mjs: keeps how long sampled events took, from when they were emitted.
const [socketPath, count] = [process.argv[2], Number(process.argv[3])]
const now = () => performance.timeOrigin + performance.now()
const every = 50
const agent = new Agent()
agent.createConnection = () => createConnection(socketPath)
const took = []
let connected = 0
for (let index = 0; index < count; index++) {
  const socket = io('http://localhost/live', { transports: ['websocket'], forceNew: true, agent })
  socket.on('connect', () => ++connected === count && process.send({ ready: true }))
  socket.on('event', ({ seq, at }) => void (seq % every === 0 && took.push(now() - at)))
}
process.on('message', () => process.send({ took: took.splice(0) }))
