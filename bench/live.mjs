import { Agent } from 'node:http'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { DockerEngine, startGitServer, testImage } from '@longshore/core/testkit'
import { io } from 'socket.io-client'
import { prepareProduct, startProduct, untilAnswers } from './product.mjs'

/** Frames that a client has granted and not got yet. */
const credit = 64

/**
 * The product with services of kind image on an engine of its own; `commands` is what each one's container runs. Answers
 * when all of them run: `{ product, engine, socket, container(service), close() }`.
 */
export async function startContainers(bench, commands) {
  const engine = await DockerEngine.start()
  const server = await startGitServer()
  const home = bench.path('product')
  const repository = await server.repository('app')
  await repository.commit('main', { file: '1' })
  const source = { url: server.url('app') }
  const services = Object.entries(commands).map(([name, command]) => [
    name,
    { source, run: { kind: 'image', image: testImage, command, grace: '1s' } },
  ])
  const socket = prepareProduct(home, Object.fromEntries(services), { docker: { host: engine.host } })
  const product = startProduct(home)
  const close = async () => {
    await product.stop()
    await server.close()
    await engine.close()
  }
  try {
    await untilAnswers(socket, '/livez', performance.now())
    await settled(createNodeClient({ socket }), services.length)
  } catch (error) {
    await close()
    throw error
  }
  const container = (service) =>
    engine.docker('ps', '--quiet', '--no-trunc', '--filter', `label=longshore.service=${service}`)
  return { product, engine, socket, container, close }
}

async function settled(api, count) {
  for (const deadline = performance.now() + 120_000; ; await sleep(100)) {
    const { states } = await api.call(coreRoutes.overview)
    if (states.healthy === count) return
    if (performance.now() > deadline)
      throw new Error(`the services did not settle: ${JSON.stringify(states)}`)
  }
}

/** A client of `/live` at the product's socket. */
export async function connectLive(socketPath) {
  const agent = new Agent()
  agent.createConnection = () => createConnection(socketPath)
  const client = io('http://localhost/live', {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    agent,
  })
  await new Promise((resolve, reject) => client.once('connect', resolve).once('connect_error', reject))
  return client
}

/** Watches with credit that never runs out; `take` gets every frame. */
export async function watch(client, asked, take) {
  const taken = new Map()
  client.on('frame', (frame) => {
    if (!taken.has(frame.stream)) return
    taken.set(frame.stream, taken.get(frame.stream) + 1)
    if (taken.get(frame.stream) % (credit / 2) === 0)
      client.emit('credit', { stream: frame.stream, frames: credit / 2 })
    take(frame)
  })
  const answer = await client.emitWithAck('watch', asked)
  if (answer.problem) throw new Error(answer.problem.detail)
  taken.set(answer.stream, 0)
  client.emit('credit', { stream: answer.stream, frames: credit })
}

/** Bytes that came to a client so far. */
export function received(client) {
  return client.io.engine.transport.ws._socket.bytesRead
}
