import { expect, test } from 'vitest'
import { answer, freePort, gitPlace, longshoreAt, webApp, webService } from './place.js'
import { until } from './until.mjs'

const kinds = (events: { kind: string }[]) => events.map(({ kind }) => kind)

test('push, push again, stop, restart, start, remove: the main job as a user sees it', async () => {
  const { repository, url } = await gitPlace()
  const port = await freePort()
  const first = await repository.commit('main', webApp('one'))
  const config = { services: { hello: webService(url, port) } }
  const longshore = await longshoreAt(config)
  await longshore.start()
  await longshore.runs('hello', first)
  await until('the first version answers', 30_000, async () => (await answer(port)) === 'one')

  const second = await repository.commit('main', webApp('two'))
  await longshore.runs('hello', second)
  await until('the second version answers', 30_000, async () => (await answer(port)) === 'two')
  expect(longshore.processes()).toHaveLength(1)

  const stopped = await longshore.cli('stop', 'hello', '--why', 'for the night')
  expect(stopped).toMatchObject({ code: 0 })
  expect(await answer(port)).toBeUndefined()
  expect(longshore.processes()).toEqual([])

  const third = await repository.commit('main', webApp('three'))
  const held = await longshore.until('hello', 'has seen the push', ({ newest }) => newest?.sha === third)
  expect(held).toMatchObject({ state: 'held', hold: { why: 'for the night' } })
  const admitted = (await longshore.events('service=hello&kind=commit.admitted')).at(-1)
  expect(admitted).toMatchObject({ commit: third, data: { held: true } })

  expect(await longshore.stop()).toBe(0)
  await longshore.start()
  expect(await longshore.service('hello')).toMatchObject({ state: 'held', newest: { sha: third } })
  expect(longshore.processes()).toEqual([])

  const started = await longshore.cli('start', 'hello')
  expect(started.stdout).toContain(`hello runs ${third.slice(0, 7)}`)
  expect(started.code).toBe(0)
  await until('the third version answers', 30_000, async () => (await answer(port)) === 'three')
  expect(longshore.processes()).toHaveLength(1)
  const seqs = (await longshore.events()).map(({ seq }) => seq)
  expect(seqs).toEqual(seqs.map((_, index) => index + 1))
}, 240_000)

test('a service that is removed from the config is ended, and its history stays', async () => {
  const { repository, url } = await gitPlace()
  const port = await freePort()
  const sha = await repository.commit('main', webApp('one'))
  const longshore = await longshoreAt({ services: { hello: webService(url, port) } })
  await longshore.start()
  await longshore.runs('hello', sha)

  await longshore.configure({ services: {} })
  const ended = async () => (await longshore.events('service=hello&kind=service.ended'))[0]
  const event = await until('the service has ended', 60_000, ended)
  expect(event).toMatchObject({ commit: sha, data: { because: 'removed' } })
  expect(longshore.processes()).toEqual([])
  expect(await answer(port)).toBeUndefined()
  expect((await longshore.cli('ls')).stdout).not.toContain('hello')
  expect((await longshore.cli('deployments', 'hello', '--json')).stdout).toContain(sha)
  expect((await longshore.cli('events', '--service', 'hello')).stdout).toContain('service.removed')
  expect(await longshore.cli('start', 'hello')).toMatchObject({ code: 1 })
}, 120_000)

test('a service that is renamed takes its port over from its old name', async () => {
  const { repository, url } = await gitPlace()
  const port = await freePort()
  const slow = `process.on('SIGTERM', () => setTimeout(() => process.exit(), 1_500))`
  const { 'server.mjs': server } = webApp('one')
  const sha = await repository.commit('main', { 'server.mjs': `${slow}\n${server}` })
  const longshore = await longshoreAt({ services: { old: webService(url, port) } })
  await longshore.start()
  await longshore.runs('old', sha)
  await longshore.configure({ services: { renamed: webService(url, port) } })
  const declared = async () => (await longshore.events('service=renamed&kind=service.declared'))[0]
  await until('it is declared', 30_000, declared)
  await longshore.runs('renamed', sha)
  expect(await longshore.events('service=renamed&kind=deployment.settled')).toMatchObject([
    { data: { outcome: 'kept' } },
  ])
  expect(longshore.processes()).toHaveLength(1)
}, 120_000)

test('a bad edit of the config changes nothing and is told; the mended one is applied', async () => {
  const { repository, url } = await gitPlace()
  const port = await freePort()
  const sha = await repository.commit('main', webApp('one'))
  const longshore = await longshoreAt({ services: { hello: webService(url, port) } })
  await longshore.start()
  const { pid } = (await longshore.runs('hello', sha)).instances[0]

  await longshore.configure({
    services: { hello: { ...webService(url, port), sauce: 1 } },
    defaults: { poll: 'soon' },
  })
  const refused = await until(
    'the bad config is told',
    30_000,
    async () => (await longshore.events('kind=config.refused'))[0],
  )
  expect(refused.data.errors).toHaveLength(2)
  expect(refused.data.errors.join('\n')).toMatch(/longshore\.config\.json:\d+:\d+ .*sauce/)
  expect((await longshore.runs('hello', sha)).instances[0].pid).toBe(pid)

  const otherPort = await freePort()
  await longshore.configure({ services: { hello: webService(url, otherPort) } })
  await until('it answers on the other port', 60_000, async () => (await answer(otherPort)) === 'one')
  expect(await answer(port)).toBeUndefined()
  expect(kinds(await longshore.events())).toContain('config.applied')
  expect(longshore.processes()).toHaveLength(1)
}, 120_000)
