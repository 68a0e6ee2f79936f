import { readdirSync, readFileSync } from 'node:fs'
import { composeBinary, DockerEngine, needs, Strangers, testImage } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Longshore } from './longshore.mjs'
import { gitPlace, longshoreAt } from './place.js'
import { until } from './until.mjs'

const needed = needs('docker').skip ? needs('docker') : needs('compose')
const names = ['api', 'db', 'web', 'worker']
/** The label of every container of the project. */
const ours = 'com.docker.compose.project=longshore-shop'

/** A project of four services, of which every version changes all but the database. */
function shop(version: string, restart: string | undefined) {
  const app = { image: testImage, command: ['sleep', '1000'], stop_signal: 'SIGKILL', restart }
  const healthcheck = { test: ['CMD', 'true'], interval: '300ms', timeout: '2s' }
  const changed = { ...app, environment: { VERSION: version } }
  const services = {
    db: { ...app, healthcheck, volumes: ['data:/data'] },
    api: { ...changed, healthcheck, depends_on: { db: { condition: 'service_healthy' } } },
    worker: { ...changed, depends_on: { api: { condition: 'service_healthy' } } },
    web: { ...changed, depends_on: { api: { condition: 'service_healthy' } } },
  }
  return { 'compose.yaml': JSON.stringify({ services, volumes: { data: {} } }) }
}

describe('a Longshore that is killed in the middle of bringing up a compose project', needed, () => {
  let docker: DockerEngine
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())

  const ids = async (...labels: string[]) => {
    const filters = labels.flatMap((label) => ['--filter', `label=${label}`])
    return (await docker.docker('ps', '--all', '--quiet', '--no-trunc', ...filters))
      .split('\n')
      .filter(Boolean)
  }
  const inside = (service: string, ...words: string[]) =>
    docker.docker('exec', `longshore-shop-${service}-1`, ...words)

  /** Every service runs that version once, and the deployments before it that were broken off are told as that. */
  const isWhole = async (longshore: Longshore, sha: string, version: string) => {
    const all = await ids(ours)
    expect(all).toHaveLength(names.length)
    for (const name of names) expect(await inside(name, 'true').then(() => name)).toBe(name)
    for (const name of ['api', 'web', 'worker'])
      expect(await inside(name, 'sh', '-c', 'echo $VERSION')).toBe(version)
    const settled = await longshore.events('kind=deployment.settled')
    const outcomes = settled.filter(({ commit }) => commit === sha).map(({ data }) => data.outcome)
    expect(outcomes.at(-1)).toBe('kept')
    expect(outcomes.slice(0, -1)).toEqual(outcomes.slice(0, -1).map(() => 'interrupted'))
  }
  /** Killed once more, and stopped before anything else happens: nothing of it is left. */
  const stopMidway = async (longshore: Longshore, sha: string) => {
    await until(
      'the last one is under way',
      60_000,
      async () => (await ids(`longshore.commit=${sha}`)).length > 0,
    )
    await longshore.kill()
    await longshore.start()
    await longshore.ask('POST', '/services/shop/stop', { why: 'enough' })
    await until('nothing of it is left', 60_000, async () => (await ids(ours)).length === 0)
    await until('it stays so', 30_000, async () => !(await longshore.service('shop')).deployment)
  }

  test.each([
    ['without a restart policy', 'heal', undefined],
    ['with a restart policy', 'heal', 'unless-stopped'],
    ['without a restart policy', 'report', undefined],
    ['with a restart policy', 'ignore', 'unless-stopped'],
  ])('%s, drift: %s: it is found, finished and told', { timeout: 300_000 }, async (_, drift, restart) => {
    onTestFinished(async () => {
      for (const id of await ids()) await docker.docker('rm', '--force', id)
      await docker.docker('volume', 'rm', '--force', 'longshore-shop_data')
    })
    const { repository, url } = await gitPlace('shop')
    const source = { url, poll: '500ms' }
    const longshore = await longshoreAt({
      docker: { host: docker.host, compose: composeBinary() },
      host: 'box',
      services: { shop: { source, run: { kind: 'compose' }, policy: { drift } } },
    })
    const strangers = new Strangers(docker)
    await strangers.run('shop', 'box')
    const before = await strangers.inspect()
    await longshore.start()
    await longshore.runs('shop', await repository.commit('main', shop('0', restart)))
    await inside('db', 'sh', '-c', 'echo kept > /data/file')
    const db = await ids('com.docker.compose.service=db')

    for (const many of [1, 3]) {
      const sha = await repository.commit('main', shop(String(many), restart))
      await until(`${many} containers of the new commit are there`, 60_000, async () => {
        return (await ids(`longshore.commit=${sha}`)).length >= many
      })
      await longshore.kill()
      await longshore.start()
      await longshore.runs('shop', sha)
      await isWhole(longshore, sha, String(many))
    }
    expect(await ids('com.docker.compose.service=db')).toEqual(db)
    expect(await inside('db', 'cat', '/data/file')).toBe('kept')
    expect(composeOf(longshore.data)).toEqual([])

    const last = await repository.commit('main', shop('last', restart))
    await stopMidway(longshore, last)
    expect(await strangers.inspect()).toEqual(before)
    expect(composeOf(longshore.data)).toEqual([])
    expect(await docker.docker('volume', 'ls', '--quiet')).toBe('longshore-shop_data')
  })
})

/** Processes of Compose that work for this data folder. */
function composeOf(data: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/environ`, 'utf8').includes(`LONGSHORE_COMPOSE=${data}`)
      )
    } catch {
      return false
    }
  })
}
