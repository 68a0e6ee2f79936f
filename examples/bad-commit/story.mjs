import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodeClient } from '@longshore/client/node'
import { startProduct } from '@longshore/cli'
import { coreRoutes } from '@longshore/core/protocol'
import { GitServer } from '@longshore/core/testkit'
import { Client } from './client.mjs'
import { commits, configOf } from './app.mjs'

/** Milliseconds that each turn of the story may take: the first one builds an image. */
const patience = 120_000

/** @typedef {import('@longshore/core/protocol').Event} Event */

/** A git server, a Longshore, and a client who asks all the time; gone with `close`. */
export class Story {
  /** @type {Client} */
  client
  /** @type {Record<string, string>} the commits so far, by their names in the story */
  shas = {}
  #folder
  #server
  #repository
  #product
  #api

  constructor({ folder, server, repository, product, client }) {
    this.#folder = folder
    this.#server = server
    this.#repository = repository
    this.#product = product
    this.#api = createNodeClient({ socket: join(product.data, 'longshore.sock') })
    this.client = client
  }

  /** @param {{ base: string, docker: string | undefined, port: number, staging: number }} options */
  static async begin({ base, docker, port, staging }) {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-story-'))
    const server = await GitServer.start()
    const repository = await server.repository('shop')
    const config = join(folder, 'longshore.config.json')
    const place = { url: server.url('shop'), data: join(folder, 'data'), base, docker, port, staging }
    await writeFile(config, JSON.stringify(configOf(place), null, 2))
    const product = await startProduct({ config, folder, env: process.env }, 'error')
    return new Story({ folder, server, repository, product, client: new Client(port) })
  }

  async close() {
    this.client.end()
    for (const service of ['shop', 'shop-staging']) {
      const { running } = await this.placement(service)
      const params = { service }
      const { seq } = await this.#api.call(coreRoutes.stop, { params, body: { why: 'the story ends' } })
      if (running)
        await this.event((event) => event.kind === 'service.ended' && event.service === service, seq)
    }
    process.kill(process.pid, 'SIGTERM')
    await this.#product.ended
    await this.#server.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /**
   * Commits onto main and answers when that was.
   * @param {keyof typeof commits} name
   */
  async push(name) {
    const at = Date.now()
    this.shas[name] = await this.#repository.commit('main', commits[name])
    return { at, sha: this.shas[name], seq: await this.#seq() }
  }

  /**
   * Points a branch at a commit, as a force push does.
   * @param {string} branch
   * @param {string} sha
   */
  async point(branch, sha) {
    const seq = await this.#seq()
    await this.#repository.point(`refs/heads/${branch}`, sha)
    return seq
  }

  /**
   * The first event after a seq that fits.
   * @param {(event: Event) => boolean} fits
   * @param {number} after
   */
  async event(fits, after) {
    const signal = AbortSignal.timeout(patience)
    for await (const event of this.#api.events({}, after, signal)) if (fits(event)) return event
    throw new Error('the event that the story waits for did not come')
  }

  /** @param {string} commit @param {string} why */
  quarantine(commit, why) {
    const params = { service: 'shop', commit }
    return this.#api.call(coreRoutes.quarantine, { params, body: { why, repository: true } })
  }

  async placement(service = 'shop') {
    const { placements } = await this.#api.call(coreRoutes.service, { params: { service } })
    return placements[0]
  }

  async #seq() {
    return (await this.#api.call(coreRoutes.overview)).seq
  }
}
