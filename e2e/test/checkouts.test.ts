import { existsSync, readlinkSync } from 'node:fs'
import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { TreeFile } from '@longshore/core/testkit'
import { expect, test } from 'vitest'
import type { Longshore } from './longshore.mjs'
import { gitPlace, longshoreAt } from './place.js'
import { killAll } from './processes.mjs'
import { until } from './until.mjs'

const many = 20_000

/** A tree that takes a while to write and to remove: so many files in the folder `many`. */
function bigTree(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: many }, (_, each) => [`many/${each}.txt`, `${each}`]))
}

/** A job that says how many files of `many` it finds. */
const counting = { kind: 'command', up: ['sh', '-c', 'echo "counted $(find many -type f | wc -l)"'] }

/** A Longshore that ran the big commit and keeps no tree beside the one that runs. */
async function afterBig(): Promise<{ longshore: Longshore; big: string; small(): Promise<string> }> {
  const { repository, url } = await gitPlace()
  const big = await repository.commit('main', bigTree())
  const services = { app: { source: { url, poll: '500ms' }, run: counting } }
  const longshore = await longshoreAt({ services, retention: { checkouts: 0 } })
  await longshore.start()
  await longshore.runs('app', big)
  return { longshore, big, small: () => repository.commit('main', { 'many/1.txt': '1' }) }
}

/** The folders of a service's trees, whatever they are called. */
async function trees(longshore: Longshore, service = 'app'): Promise<string[]> {
  const folder = join(longshore.data, 'checkouts', service)
  return (await readdir(folder).catch(() => [])).map((name) => join(folder, name))
}

/** How many files each folder `many` below the checkouts holds, whether its tree is whole or half removed. */
async function manies({ data }: Longshore): Promise<number[]> {
  const root = join(data, 'checkouts')
  const counts: number[] = []
  for (const service of await readdir(root)) {
    for (const tree of await readdir(join(root, service)).catch(() => [])) {
      const files = await readdir(join(root, service, tree, 'many')).catch(() => undefined)
      if (files) counts.push(files.length)
    }
  }
  return counts
}

/** The newest deployment of the service once it has settled, with what it printed. */
async function deployed(longshore: Longshore, commit: string) {
  const { status, body } = await longshore.ask('POST', '/services/app/deploy', { commit })
  expect(status).toBe(202)
  const deployment = await until('the deployment has settled', 60_000, async () => {
    const look = await longshore.ask('GET', `/deployments/${body.deployment}`)
    return look.body.outcome ? look.body : undefined
  })
  const output = await longshore.ask('GET', `/deployments/${body.deployment}/output`)
  return { ...deployment, output: output.body as string }
}

test('killed while an old tree is being removed, Longshore deploys that commit whole', async () => {
  const { longshore, big, small } = await afterBig()
  await small()
  const half = (count: number) => count > 1 && count < many
  await until('a tree is half removed', 60_000, async () => (await manies(longshore)).some(half))
  await longshore.kill()
  expect((await manies(longshore)).some(half)).toBe(true)

  await longshore.start()
  const again = await longshore.cli('deploy', 'app', big)
  expect(again.stdout).toContain(`counted ${many}`)
  expect(again.code).toBe(0)
  await until('what was half removed is gone', 60_000, async () => !(await manies(longshore)).some(half))
}, 240_000)

test('a commit that is asked for while its old tree is being removed is deployed whole', async () => {
  const { longshore, big, small } = await afterBig()
  await longshore.runs('app', await small())
  const deployment = await deployed(longshore, big)
  expect(deployment).toMatchObject({ outcome: 'kept' })
  expect(deployment.output).toContain(`counted ${many}`)
  await until('only what runs is kept', 60_000, async () => {
    return (await manies(longshore)).join() === `${many}`
  })
  expect((await trees(longshore)).length).toBe(1)
}, 240_000)

test('what was lost while the git server is away comes back, in a tree of its own', async () => {
  const { git, repository, url } = await gitPlace()
  const sha = await repository.commit('main', { version: '1' })
  const run = { kind: 'command', up: ['sleep', '3600'], keepAlive: true, grace: '1s' }
  const longshore = await longshoreAt({ services: { app: { source: { url, poll: '500ms' }, run } } })
  await longshore.start()
  const { running } = await longshore.runs('app', sha)
  await git.close()
  await longshore.kill()
  await killAll(longshore.host)
  await longshore.start()
  const again = (placement: { running?: { deployment: string } }) =>
    placement.running?.deployment !== running.deployment
  await longshore.until('app', 'runs again', again)
  expect(longshore.processes()).toHaveLength(1)
  const names = (await trees(longshore)).map((tree) => basename(tree))
  expect(names).toHaveLength(2)
  expect(names.every((name) => name.endsWith(`-${sha}`))).toBe(true)
}, 120_000)

/** Says what it finds in its folder, and leaves something there. */
const untidy = (then: string) => ['echo "finds $(ls | tr "\\n" " ")."', 'echo 1 >own', then].join('\n')

test('what a service wrote or removed in its folder is not deployed again with the commit', async () => {
  const { repository, url } = await gitPlace()
  const sha = await repository.commit('main', { 'up.sh': untidy('rm up.sh\nexec sleep 3600') })
  const run = { kind: 'command', up: ['sh', 'up.sh'], keepAlive: true, grace: '1s' }
  const longshore = await longshoreAt({ services: { app: { source: { url, poll: '500ms' }, run } } })
  await longshore.start()
  await longshore.runs('app', sha)
  for (const words of [
    ['restart', 'app'],
    ['deploy', 'app', sha],
  ]) {
    const { code, stdout } = await longshore.cli(...words)
    expect(stdout).toContain('finds up.sh .')
    expect(code).toBe(0)
  }
}, 120_000)

test('what runs keeps its folder, as it left it, while newer deployments fail', async () => {
  const { repository, url } = await gitPlace()
  const script: TreeFile = untidy('[ -e "$BROKEN" ] && exit 1\nexec sleep 3600')
  const sha = await repository.commit('main', { 'up.sh': script })
  const longshore = await longshoreAt({})
  const env = { BROKEN: join(longshore.folder, 'broken') }
  const run = { kind: 'command', up: ['sh', 'up.sh'], keepAlive: true, replace: 'before', env }
  const services = { app: { source: { url, poll: '500ms' }, run } }
  await longshore.configure({ services, retention: { checkouts: 1 } })
  await longshore.start()
  await longshore.runs('app', sha)
  const { pid } = longshore.processes()[0]!
  const folder = readlinkSync(`/proc/${pid}/cwd`)

  await mkdir(env.BROKEN)
  for (let each = 0; each < 3; each++)
    expect(await deployed(longshore, sha)).toMatchObject({ outcome: 'failed', code: 'UP_FAILED' })
  expect(longshore.processes().map((each) => each.pid)).toEqual([pid])
  expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(folder)
  expect((await readdir(folder)).sort()).toEqual(['own', 'up.sh'])
  // The one that runs and the last one tried; what failed before is not kept for ever.
  await until('only two are kept', 30_000, async () => (await trees(longshore)).length === 2)
}, 120_000)

test('a job that never came up is taken down from its own folder, whatever was tried after it', async () => {
  const { repository, url } = await gitPlace()
  const longshore = await longshoreAt({})
  const env = { ELSEWHERE: join(longshore.folder, 'elsewhere') }
  const run = { kind: 'command', up: './up', down: './down', env }
  const services = { app: { source: { url, poll: '500ms' }, run } }
  await longshore.configure({ services, retention: { checkouts: 0 } })
  await longshore.start()
  const executable = (content: string): TreeFile => ({ mode: '100755', content: `#!/bin/sh\n${content}\n` })
  const down = executable('rm "$ELSEWHERE"')
  await repository.commit('main', { up: executable('touch "$ELSEWHERE"; exit 1'), down })
  await longshore.until('app', 'began and failed', ({ last }) => last?.code === 'UP_FAILED')
  await repository.commit('main', { down })
  await longshore.until('app', 'has nothing to begin with', ({ last }) => last?.code === 'UP_NOT_FOUND')
  await until('the other tree is gone', 30_000, async () => (await trees(longshore)).length === 1)
  expect(existsSync(env.ELSEWHERE)).toBe(true)
  expect(await longshore.cli('stop', 'app', '--why', 'it is broken')).toMatchObject({ code: 0 })
  await until('its down has run', 60_000, () => !existsSync(env.ELSEWHERE))
}, 120_000)

test('the trees of a service that is removed are removed once it has ended, its history stays', async () => {
  const { repository, url } = await gitPlace()
  const run = { kind: 'command', up: ['sleep', '3600'], keepAlive: true, grace: '1s' }
  const app = { source: { url, poll: '500ms' }, run }
  const sha = await repository.commit('main', { version: '1' })
  const longshore = await longshoreAt({ services: { app, other: app } })
  await longshore.start()
  await longshore.runs('app', sha)
  await longshore.runs('app', await repository.commit('main', { version: '2' }))
  const gone = () => !existsSync(join(longshore.data, 'checkouts', 'app'))
  expect(gone()).toBe(false)
  await longshore.configure({ services: { other: app } })
  await until('the folder of the removed service is gone', 60_000, gone)
  await until('its end is told', 60_000, async () => {
    return (await longshore.events('service=app&kind=service.ended')).length === 1
  })
  expect((await longshore.cli('deployments', 'app', '--json')).stdout).toContain(sha)

  expect(await longshore.cli('stop', 'other', '--why', 'to be removed')).toMatchObject({ code: 0 })
  expect(await trees(longshore, 'other')).not.toEqual([])
  await longshore.stop()
  await longshore.configure({ services: {} })
  await longshore.start()
  await until('that of the one removed meanwhile too', 60_000, async () => {
    return (await readdir(join(longshore.data, 'checkouts'))).every((name) => name.startsWith('.'))
  })
}, 180_000)

test('no other account can read what is checked out', async () => {
  const { repository, url } = await gitPlace()
  const sha = await repository.commit('main', { version: '1' })
  const run = { kind: 'command', up: ['true'] }
  const longshore = await longshoreAt({ services: { app: { source: { url, poll: '500ms' }, run } } })
  const checkouts = join(longshore.data, 'checkouts')
  await mkdir(checkouts, { recursive: true })
  for (const folder of [longshore.data, checkouts]) await chmod(folder, 0o755)
  await longshore.start()
  await longshore.runs('app', sha)
  expect((await stat(checkouts)).mode & 0o777).toBe(0o700)
}, 60_000)
