import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Longshore } from './longshore.mjs'
import { answer, freePort, gitPlace, longshoreAt, webApp, webService } from './place.js'

/** Starts it where it cannot start; answers the exit code and what it said. */
async function refused(longshore: Longshore): Promise<{ code: unknown; said: string }> {
  const child = longshore.launch()
  const [code] = await once(child, 'close', { signal: AbortSignal.timeout(60_000) })
  return { code, said: longshore.log }
}

test('a port that is in use is named, with what to do, and nothing is left running', async () => {
  const { repository, url } = await gitPlace()
  await repository.commit('main', webApp('one'))
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const longshore = await longshoreAt({
    services: { hello: webService(url, await freePort()) },
    env: { LONGSHORE_LISTEN: `127.0.0.1:${port}` },
  })
  const { code, said } = await refused(longshore)
  expect(code).toBe(1)
  expect(said).toContain('WEB_PORT_IN_USE')
  expect(said).toContain(`127.0.0.1:${port} is in use`)
  expect(longshore.processes()).toEqual([])
})

test('a second Longshore on the same data is refused, harms nothing, and starts once the first was killed', async () => {
  const { repository, url } = await gitPlace()
  const port = await freePort()
  const sha = await repository.commit('main', webApp('one'))
  const first = await longshoreAt({ services: { hello: webService(url, port) } })
  await first.start()
  const { pid } = (await first.runs('hello', sha)).instances[0]

  const second = new Longshore(first)
  onTestFinished(() => second.close())
  const { code, said } = await refused(second)
  expect(code).toBe(1)
  expect(said).toContain('STORAGE_LOCKED')
  expect(said).toContain(String(first.pid))
  expect((await first.runs('hello', sha)).instances[0].pid).toBe(pid)
  expect(await answer(port)).toBe('one')

  await first.kill()
  await second.start()
  expect((await second.runs('hello', sha)).instances[0].pid).toBe(pid)
  expect(await answer(port)).toBe('one')
  expect(second.processes()).toHaveLength(1)
}, 120_000)

test('every fault of a config is told at once, with its place, before anything runs', async () => {
  const longshore = await longshoreAt({
    defaults: { poll: 'soon' },
    services: {
      one: { source: { url: 'ext::sh -c true' }, run: { kind: 'command', up: ['true'], keepalive: true } },
      Two: { source: { url: 'https://git.example/app.git' }, run: { kind: 'command', up: ['true'] } },
    },
  })
  const { code, said } = await refused(longshore)
  expect(code).toBe(1)
  const checked = await longshore.cli('check')
  expect(checked.code).toBe(1)
  const places = ['soon', 'services.one.source.url', 'did you mean keepAlive?', 'Two']
  for (const told of [said, checked.stdout + checked.stderr]) {
    const lines = told.split('\n').filter((line) => /longshore\.config\.json:\d+:\d+ /.test(line))
    for (const place of places) expect(lines.filter((line) => line.includes(place))).toHaveLength(1)
  }
})
