import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Longshore } from './longshore.mjs'
import { answer, freePort, gitPlace, longshoreAt, webApp, webService } from './place.js'
import { until } from './until.mjs'

/** The `up` of a service: a script of the tree, and what the declaration adds. */
interface Bad {
  script: string
  run?: object
}

/** A Longshore with these services beside a good one, which is deployed last. */
async function withBad(
  bad: Record<string, Bad>,
): Promise<{ longshore: Longshore; port: number; deployed(): Promise<void> }> {
  const { git, repository, url } = await gitPlace('good')
  const port = await freePort()
  const services: Record<string, object> = { good: webService(url, port) }
  for (const [name, { script, run }] of Object.entries(bad)) {
    const other = await git.repository(name)
    await other.commit('main', { up: { mode: '100755', content: `#!/bin/sh\n${script}\n` } })
    services[name] = {
      source: { url: git.url(name), poll: '500ms' },
      run: { kind: 'command', up: 'up', timeout: '2m', grace: '1s', ...run },
    }
  }
  const longshore = await longshoreAt({ services })
  await longshore.start()
  /** A push to the good one goes through whatever the others do. */
  const deployed = async () => {
    const sha = await repository.commit('main', webApp('good'))
    await longshore.runs('good', sha)
    await until('the good one answers', 30_000, async () => (await answer(port)) === 'good')
  }
  return { longshore, port, deployed }
}

/** The newest deployment of the service, settled, and what it printed. */
async function settled(longshore: Longshore, service: string) {
  const look = async () => {
    const { body } = await longshore.ask('GET', `/services/${service}/deployments?limit=1`)
    return body.items[0]?.outcome ? body.items[0] : undefined
  }
  const deployment = await until(`${service} has settled`, 180_000, look)
  const { body: output } = await longshore.ask('GET', `/deployments/${deployment.id}/output`)
  return { ...deployment, output: output as string }
}

const commandsOf = (longshore: Longshore, service: string) =>
  longshore
    .processes()
    .filter(({ env }) => env['LONGSHORE_SERVICE'] === service)
    .map(({ command }) => command)

test('an up that hangs is ended whole by its deadline, and blocks no other service', async () => {
  const { longshore, deployed } = await withBad({
    hangs: { script: "trap '' TERM; sleep 3600 & echo waiting; wait; wait", run: { timeout: '20s' } },
  })
  await until('it hangs', 30_000, () => commandsOf(longshore, 'hangs').length > 0)
  await deployed()
  expect(commandsOf(longshore, 'hangs')).not.toEqual([])
  const deployment = await settled(longshore, 'hangs')
  expect(deployment).toMatchObject({ outcome: 'failed', code: 'UP_TIMEOUT' })
  expect(deployment.output).toContain('waiting')
  expect(commandsOf(longshore, 'hangs')).toEqual([])
  expect(await longshore.service('hangs')).toMatchObject({ state: 'failing' })
}, 180_000)

test('an up that goes into the background is kept in sight, and ended with its service', async () => {
  const { longshore, deployed } = await withBad({
    forks: { script: 'sleep 3601 & setsid -f sleep 3602; echo gone' },
    demon: { script: 'setsid -f sleep 3603', run: { keepAlive: true } },
  })
  await deployed()
  expect(await settled(longshore, 'forks')).toMatchObject({ outcome: 'kept' })
  expect(commandsOf(longshore, 'forks').sort()).toEqual(['sleep 3601', 'sleep 3602'])
  const { instances } = await longshore.until('forks', 'shows what runs', (it) => it.instances.length > 0)
  expect(instances[0]).toMatchObject({ state: 'running' })

  const demon = await settled(longshore, 'demon')
  expect(demon).toMatchObject({ outcome: 'failed', code: 'UP_FAILED' })
  expect(demon.output).toContain('must stay in the foreground')
  expect(commandsOf(longshore, 'demon')).toEqual([])

  expect(await longshore.cli('stop', 'forks', '--why', 'enough')).toMatchObject({ code: 0 })
  expect(commandsOf(longshore, 'forks')).toEqual([])
}, 180_000)

test('the ways to end badly are told apart, and any bytes are shown', async () => {
  const { longshore } = await withBad({
    exits: { script: 'echo before; exit 3' },
    killed: { script: 'kill -SEGV $$' },
    mute: { script: "printf 'no end'" },
    bytes: { script: "printf 'a\\377\\376z\\n\\033[31mred\\n' >&2" },
  })
  const exits = await settled(longshore, 'exits')
  expect(exits).toMatchObject({ outcome: 'failed', code: 'UP_FAILED' })
  expect(exits.reason).toContain('exit code 3')
  expect(exits.output).toContain('before\n')
  const killed = await settled(longshore, 'killed')
  expect(killed).toMatchObject({ outcome: 'failed', code: 'UP_FAILED' })
  expect(killed.reason).toContain('signal SIGSEGV')
  const mute = await settled(longshore, 'mute')
  expect(mute).toMatchObject({ outcome: 'kept' })
  expect(mute.output).toContain('no end')
  const bytes = await settled(longshore, 'bytes')
  expect(bytes).toMatchObject({ outcome: 'kept' })
  expect(bytes.output).toContain('a\ufffd\ufffdz\n')
  const shown = await longshore.cli('deployment', bytes.id)
  expect(shown.stdout).toContain('red')
  expect(shown.stdout).not.toContain('\x1b')
}, 180_000)

test('an up that prints 1 GB, in lines or in one, costs neither memory nor disk', async () => {
  const { longshore, deployed } = await withBad({
    lines: { script: 'yes "a line of output that says little" | head -c 1000000000; echo; echo the end' },
    single: { script: "head -c 200000000 /dev/zero | tr '\\0' x; echo; echo the end" },
  })
  let peak = 0
  const done = new AbortController()
  const watching = until('both have settled', 240_000, () => {
    const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${longshore.pid}/status`, 'utf8'))?.[1]
    peak = Math.max(peak, Number(rss))
    return done.signal.aborted
  })
  await deployed()
  for (const service of ['lines', 'single']) {
    const deployment = await settled(longshore, service)
    expect(deployment, service).toMatchObject({ outcome: 'kept' })
    expect(deployment.output, service).toMatch(/the end\n/)
    expect(deployment.output.length, service).toBeLessThan(12 * 2 ** 20)
  }
  done.abort()
  await watching
  console.log(`at most ${Math.round(peak / 1024)} MiB while 1.2 GB were printed`)
  expect(peak / 1024).toBeLessThan(400)
}, 300_000)
