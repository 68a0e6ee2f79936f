import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { composeBinary, DockerEngine, needs, startGitServer, testImage } from '@longshore/core/testkit'
import { command, composeCommand } from '../engine.mjs'
import { startProduct, prepareProduct, untilAnswers } from '../product.mjs'

/** Milliseconds that anything may take, and those within which it is to be right. */
const patience = 60_000
const soon = 5_000
const disturbances = { removed: ['rm', '--force'], stopped: ['stop'], killed: ['kill'] }
const project = (version, restart = 'unless-stopped') => {
  const service = { image: testImage, command: composeCommand, environment: { VERSION: version }, restart }
  return JSON.stringify({
    services: { web: service, api: service, worker: { ...service, depends_on: ['api'] } },
  })
}

/** A service for each thing that is done: who is healed again soon waits longer. */
const kinds = ['image', 'compose']
const forEach = (whats) => kinds.flatMap((kind) => whats.map((what) => `${kind}-${what}`))
/** A Longshore with services on an engine, and what is done to them. */
class Place {
  #product
  #api
  #home
  #socket

  static async start(bench, engine, server, names) {
    const place = new Place()
    place.engine = engine
    place.#home = bench.path('product')
    place.app = await server.repository('app')
    await place.app.commit('main', { 'compose.yaml': project('first') })
    const plain = await server.repository('plain')
    await plain.commit('main', { 'compose.yaml': project('first', 'no') })
    const services = names.map((name) => {
      // What comes back with an engine that is restarted needs no healing.
      const comesBack = !name.endsWith('down')
      const source = { url: server.url(comesBack ? 'app' : 'plain'), poll: '500ms' }
      const restart = comesBack ? 'unless-stopped' : 'no'
      const image = { kind: 'image', image: testImage, command, restart }
      const run = name.startsWith('image') ? image : { kind: 'compose' }
      return [name, { source, run, policy: { drift: name.endsWith('report') ? 'report' : 'heal' } }]
    })
    const docker = { host: engine.host, compose: composeBinary() }
    place.#socket = prepareProduct(place.#home, Object.fromEntries(services), { docker })
    place.#api = createNodeClient({ socket: place.#socket })
    await place.open()
    for (const [name] of services) await place.told(name, 0, 'deployment.settled')
    return place
  }

  async open() {
    this.#product = startProduct(this.#home)
    await untilAnswers(this.#socket, '/livez', performance.now())
  }

  kill() {
    return this.#product.kill()
  }

  close() {
    return this.#product.stop()
  }

  async seq() {
    return (await this.#api.call(coreRoutes.overview)).seq
  }

  /** Resolves with the service's next event that fits. */
  async told(service, after, kind, fits = () => true) {
    const life = AbortSignal.timeout(patience)
    for await (const event of this.#api.events({ service }, after, life))
      if (event.kind === kind && fits(event)) return event
    throw new Error(`${service} did not tell ${kind}`)
  }

  /** Milliseconds from the command on until the service has told each of these. */
  async disturb(service, how, ...kinds) {
    const filters = ['--filter', `label=longshore.service=${service}`]
    const [id] = (await this.engine.docker('ps', '--quiet', ...filters)).split('\n')
    const after = await this.seq()
    const begin = performance.now()
    const done = this.engine.docker(...how, id)
    const told = kinds.map(async (kind) => {
      await this.told(service, after, kind)
      return performance.now() - begin
    })
    await done
    return Promise.all(told)
  }
}

async function byHand(bench, place) {
  for (const kind of kinds) {
    for (const [what, how] of Object.entries(disturbances)) {
      const [runs, healed] = await place.disturb(`${kind}-${what}`, how, 'instance.started', 'drift.healed')
      bench.fact({ name: `${kind}: ${what}, until it runs again`, value: runs, unit: 'ms', most: soon })
      bench.fact({ name: `${kind}: ${what}, until told as healed`, value: healed, unit: 'ms' })
    }
    const [told] = await place.disturb(`${kind}-report`, disturbances.stopped, 'drift.found')
    bench.fact({ name: `${kind}: stopped, until reported`, value: told, unit: 'ms', most: soon })
  }
}

/** From the engine's first answer on. */
async function ofTheEngine(bench, place) {
  for (const [end, name] of [
    ['down', 'restarted'],
    ['kill', 'killed'],
  ]) {
    const after = await place.seq()
    await place.engine[end]()
    await place.engine.up()
    const begin = performance.now()
    const since = async (kind) => {
      await Promise.all(kinds.map((each) => place.told(`${each}-${end}`, after, kind)))
      return performance.now() - begin
    }
    const [runs, healed] = await Promise.all(['instance.started', 'drift.healed'].map(since))
    bench.fact({ name: `the engine ${name}, until all runs again`, value: runs, unit: 'ms', most: soon })
    bench.fact({ name: `the engine ${name}, until told as healed`, value: healed, unit: 'ms' })
  }
}

/** Longshore is killed in the middle of bringing up a project; from its next answer on. */
async function ofLongshore(bench, place) {
  const sha = await place.app.commit('main', { 'compose.yaml': project('second') })
  const mark = ['ps', '--quiet', '--filter', `label=longshore.commit=${sha}`]
  while (!(await place.engine.docker(...mark))) await sleep(10)
  const after = await place.seq()
  await place.kill()
  await place.open()
  const begin = performance.now()
  await place.told('compose-again', after, 'deployment.settled', ({ commit, data: { outcome } }) => {
    return commit === sha && outcome === 'kept'
  })
  const value = performance.now() - begin
  bench.fact({ name: 'Longshore killed amid compose up, until kept', value, unit: 'ms', most: soon })
}

export default {
  about:
    'How long it takes until what somebody does to a container behind Longshore’s back is put right or told, by kind and policy; the same after the engine and after Longshore were killed.',
  async run(bench) {
    const [docker, compose] = [needs('docker'), needs('compose')]
    const why = docker.why ?? compose.why
    if (why) return bench.skip({ name: 'drift', why })
    const places = [
      [[...Object.keys(disturbances), 'report'], byHand],
      [['down', 'kill'], ofTheEngine],
      [['again'], ofLongshore],
    ]
    for (const [whats, measure] of places) {
      const [engine, server] = [await DockerEngine.start(), await startGitServer()]
      const place = await Place.start(bench, engine, server, forEach(whats))
      try {
        await measure(bench, place)
      } finally {
        await place.close()
        await server.close()
        await engine.close()
      }
    }
  },
}
