import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { GitServer } from '@longshore/core/testkit'
import { Acknowledged } from './acknowledged.mjs'
import { Longshore } from './longshore.mjs'
import { until } from './until.mjs'

const service = 'app'
/** Milliseconds in which a killed Longshore must have brought everything in order again, on a busy machine. */
const recovery = 120_000

/** A second one of the service, at any time, even for a moment, cannot take the lock and leaves a trace. */
const script = [
  '#!/bin/sh',
  'exec 9>>"$LOCK"',
  'flock -n 9 || { echo "$LONGSHORE_COMMIT" >>"$LOCK.twice"; exit 1; }',
  'exec sleep 3600',
].join('\n')

/** @param {number} below */
const random = (below) => Math.floor(Math.random() * below)

/**
 * What is done, and when the kill comes: after so many milliseconds, or at the first so many events, of that kind if one
 * is named. `again`: milliseconds into the next start at which it is killed once more.
 * @typedef {object} Plan
 * @property {boolean} push
 * @property {'restart' | 'deploy' | 'stop'} [act]
 * @property {number} [after]
 * @property {number} [events]
 * @property {string} [kind]
 * @property {number} [again]
 */

/** @returns {Plan} */
function randomPlan() {
  return {
    push: random(4) > 0,
    act: /** @type {const} */ ([undefined, 'restart', 'deploy', 'stop'])[random(4)],
    ...(random(2) === 0 ? { after: random(1_500) } : { events: 1 + random(10) }),
    again: random(3) === 0 ? random(2_500) : undefined,
  }
}

/** A Longshore that is killed at random points of deploying, again and again, and looked at after each. */
export class DeployCrash {
  #git
  #repository
  #longshore
  #acknowledged = new Acknowledged()
  #pushed = 0
  kills = 0
  /** Whether the round that is under way stopped the service, and that was acknowledged. */
  #stopped = false

  /**
   * @param {GitServer} git
   * @param {Awaited<ReturnType<GitServer['repository']>>} repository
   * @param {Longshore} longshore
   */
  constructor(git, repository, longshore) {
    this.#git = git
    this.#repository = repository
    this.#longshore = longshore
  }

  static async open() {
    const git = await GitServer.start()
    const repository = await git.repository(service)
    const longshore = await Longshore.at()
    const crash = new DeployCrash(git, repository, longshore)
    const run = {
      kind: 'command',
      up: ['sh', 'run.sh'],
      keepAlive: true,
      grace: '2s',
      env: { LOCK: join(longshore.folder, 'lock') },
    }
    await longshore.configure({
      services: { [service]: { source: { url: git.url(service), poll: '500ms' }, run } },
    })
    await crash.#push()
    await longshore.start()
    await crash.check()
    return crash
  }

  get acknowledged() {
    return this.#acknowledged.size
  }

  async close() {
    await this.#longshore.close()
    await this.#git.close()
  }

  /**
   * One round: a push and perhaps a request, a kill in the midst, perhaps one more while it starts; then all is looked at.
   * @param {Plan} plan
   */
  async round(plan = randomPlan()) {
    try {
      await this.#disturb(plan)
      if (plan.again !== undefined) await this.#killWhileStarting(plan.again)
      await this.#longshore.start()
      await this.check()
    } catch (error) {
      throw new Error(`${JSON.stringify(plan)}: ${error.message}`, { cause: error })
    }
  }

  /** @param {Plan} plan */
  async #disturb({ push, act, after, events, kind }) {
    const life = new AbortController()
    const seen = this.#acknowledged.follow(this.#longshore, life.signal)
    if (push) await this.#push()
    const acting = this.#act(act)
    if (after !== undefined) await new Promise((resolve) => setTimeout(resolve, after))
    else await seen.reached(events ?? 1, kind, 5_000)
    await this.#longshore.kill()
    this.kills++
    life.abort()
    await Promise.all([seen.ended, acting])
  }

  /** @param {Plan['act']} act */
  async #act(act) {
    if (act === undefined) return
    const answer = await this.#longshore
      .ask('POST', `/services/${service}/${act}`, { why: 'a try' })
      .catch(() => undefined)
    if (answer?.status !== 202) return
    this.#acknowledged.add({ seq: answer.body.seq })
    this.#stopped = act === 'stop'
  }

  /** @param {number} milliseconds */
  async #killWhileStarting(milliseconds) {
    const life = new AbortController()
    this.#longshore.launch()
    const seen = this.#acknowledged.follow(this.#longshore, life.signal)
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    await this.#longshore.kill()
    this.kills++
    life.abort()
    await seen.ended
  }

  async #push() {
    const content = `${++this.#pushed}\n`
    await this.#repository.commit(
      'main',
      { 'run.sh': script, version: content },
      { message: `Push ${content}` },
    )
  }

  /** Everything acknowledged is there, nothing is under way for ever, and exactly the newest runs, once. */
  async check() {
    const longshore = this.#longshore
    const head = await this.#repository.sha('refs/heads/main')
    // A stop may have been recorded although its answer did not come through any more.
    const { hold } = await longshore.service(service)
    assert.ok(hold || !this.#stopped, 'a stop was acknowledged, and the hold is gone')
    if (hold) await this.#checkHeld()
    const { events, process } = await until(`all is calm on ${head}`, recovery, () => this.#calm(head))
    assert.equal(process.env.LONGSHORE_COMMIT, head)
    assert.ok(!existsSync(join(longshore.folder, 'lock.twice')), 'two of the service ran at the same time')
    this.#acknowledged.compare(events)
  }

  /**
   * The journal and the one process, once every deployment has settled and the head runs; undefined until then.
   * @param {string} head
   */
  async #calm(head) {
    const longshore = this.#longshore
    const events = await longshore.events()
    const { running, deployment, instances } = await longshore.service(service)
    if (unsettled(events).length > 0 || deployment || running?.commit.sha !== head) return undefined
    const [process, ...others] = longshore.processes()
    const known = instances.find(({ state }) => state === 'running')
    return process && others.length === 0 && known?.pid === process.pid ? { events, process } : undefined
  }

  /** Nothing runs until somebody starts it. */
  async #checkHeld() {
    const longshore = this.#longshore
    const ended = ({ running, deployment }) => !running && !deployment
    const placement = await longshore.until(service, 'has ended', ended, recovery)
    assert.equal(placement.hold?.why, 'a try')
    assert.deepEqual(longshore.processes(), [])
    const { status } = await longshore.ask('POST', `/services/${service}/start`, {})
    assert.equal(status, 202)
    this.#stopped = false
  }
}

/**
 * The deployments that were queued and have not settled; rejects what settled twice, or was never queued.
 * @param {{ kind: string, deployment?: string }[]} events
 */
function unsettled(events) {
  const open = new Set()
  for (const { kind, deployment } of events) {
    if (kind === 'deployment.queued') open.add(deployment)
    if (kind === 'deployment.settled')
      assert.ok(open.delete(deployment), `${deployment} settled, but was not under way`)
  }
  return [...open]
}
