import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitView, Deployment, Event, ServiceView } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { folderWith, longshore, Serving, until, type Answer } from './longshore.js'

const up = `import { appendFileSync } from 'node:fs'
console.log('\\u001b]52;c;evil\\u0007up and well')
setInterval(() => {}, 1000)
`

/** A repository with one service, and a folder whose config runs it. */
async function workshop() {
  const server = await startGitServer()
  onTestFinished(() => server.close())
  const repository = await server.repository('api')
  const first = await repository.commit('main', { 'up.mjs': up }, { message: 'First' })
  const config = `version: 1
data: ./data
web: { listen: '127.0.0.1:0' }
health: { settle: 0s }
services:
  api:
    source: { url: '${server.url('api')}', poll: 500ms }
    run: { kind: command, up: [node, up.mjs], keepAlive: true, grace: 1s }
`
  const folder = await folderWith({ 'longshore.config.yaml': config })
  const cli = (...args: string[]): Promise<Answer> => longshore(args, folder)
  const json = async <T>(...args: string[]): Promise<T> =>
    JSON.parse((await cli(...args, '--json')).stdout) as T
  const view = () => json<ServiceView>('show', 'api')
  const runs = async () => (await view()).placements[0]?.running?.commit.sha
  return { server, repository, first, config, folder, cli, json, view, runs }
}

/** What is listed, and how a restart is followed. */
async function lookAndRestart(cli: (...args: string[]) => Promise<Answer>, first: string): Promise<void> {
  const listed = await cli('ls')
  expect(listed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/api +healthy +[0-9a-f]{7} .*First/),
  })
  expect(listed.stdout).not.toContain('\u001b')

  const restarted = await cli('restart', 'api', '--why', 'a try')
  expect(restarted).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`api runs ${first.slice(0, 7)}`),
  })
  expect(restarted.stdout).toMatch(/applying …/)
  // What a service prints cannot steer the terminal of whoever reads it.
  expect(restarted.stdout).not.toContain('\u001b')
  expect(restarted.stdout).not.toContain('\u0007')
}

test('the main job by the command line: deployed, stopped, held over a restart, started', async () => {
  const { repository, first, folder, cli, json, view, runs } = await workshop()
  const serving = new Serving(['serve'], folder)
  await serving.line(/Longshore runs on .*\n.*http:\/\/127\.0\.0\.1:\d+\/api\/v1/)
  await until(
    async () => (await runs()) === first,
    () => `the first commit in:\n${serving.output}`,
  )

  await lookAndRestart(cli, first)

  const before = new Date().toISOString()
  const stopped = await cli('stop', 'api', '--why', 'the disk is full')
  expect(stopped).toMatchObject({ code: 0, stdout: expect.stringContaining('it has ended') })
  expect(await runs()).toBeUndefined()
  await lookBack(cli, before)
  const second = await repository.commit('main', { 'up.mjs': `${up}// 2` }, { message: 'Second' })
  await until(
    async () => (await view()).placements[0]?.newest?.sha === second,
    () => 'the second commit seen',
  )
  const refused = await cli('deploy', 'api')
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('(SERVICE_HELD)') })
  const events = (await cli('events', '--kind', 'commit.admitted', '--json')).stdout.trim().split('\n')
  expect((JSON.parse(events.at(-1)!) as Event).data).toMatchObject({ held: true })

  expect(await serving.end('SIGTERM')).toBe(0)
  const again = new Serving(['serve', '--json'], folder)
  await again.line(/"ready":true/)
  expect((await view()).placements[0]).toMatchObject({ state: 'held', hold: { why: 'the disk is full' } })

  const started = await cli('start', 'api')
  expect(started).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`api runs ${second.slice(0, 7)}`),
  })
  const [newest] = await json<Deployment[]>('deployments', 'api')
  expect(newest).toMatchObject({ outcome: 'kept', commit: { sha: second } })
  expect((await cli('deployment', newest!.id)).stdout).toMatch(/outcome +kept/)
  expect((await cli('doctor')).code).toBe(0)
}, 120_000)

/** What ran before the stop is told as it was then. */
async function lookBack(cli: (...args: string[]) => Promise<Answer>, before: string): Promise<void> {
  expect((await cli('ls')).stdout).toMatch(/^api +held/m)
  expect((await cli('ls', '--at', before)).stdout).toMatch(/^api +healthy/m)
  const shown = await cli('show', 'api', '--at', before, '--json')
  expect((JSON.parse(shown.stdout) as ServiceView).placements[0]).toMatchObject({ state: 'healthy' })
  expect(await cli('ls', '--at', '1d')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/can be told since .*\(?/),
  })
  expect(await cli('ls', '--at', 'yesterday')).toMatchObject({ code: 2 })
}

test('the commits are listed with what became of them, and an older one goes by the beginning of its id', async () => {
  const { server, repository, first, folder, cli, json, runs } = await workshop()
  const serving = new Serving(['serve'], folder)
  await serving.line(/Longshore runs on/)
  const running = (sha: string) =>
    until(
      async () => (await runs()) === sha,
      () => `${sha} in:\n${serving.output}`,
    )
  await running(first)
  // One that nobody looks at, because a newer one is there.
  const passed = await repository.commit(
    'aside',
    { 'up.mjs': `${up}// 1` },
    { parent: first, message: 'Passed' },
  )
  const second = await repository.commit('aside', { 'up.mjs': `${up}// 2` }, { message: 'Second' })
  await repository.point('refs/heads/main', second)
  await running(second)
  const listed = await cli('commits', 'api')
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(listed.stdout.split('\n').slice(1)).toEqual([
    expect.stringMatching(
      new RegExp(`^${second.slice(0, 7)} +\\w+ ago +runs, newest +kept \\w+ ago +Second$`),
    ),
    expect.stringMatching(new RegExp(`^${passed.slice(0, 7)} +\\w+ ago +Passed$`)),
    expect.stringMatching(new RegExp(`^${first.slice(0, 7)} +\\w+ ago +kept \\w+ ago +First$`)),
    '',
  ])
  expect(await cli('deploy', 'api', passed.slice(0, 7))).toMatchObject({ code: 0 })
  const items = await json<CommitView[]>('commits', 'api')
  expect(items.map(({ sha, runs }) => [sha, runs.length])).toEqual([
    [second, 0],
    [passed, 1],
    [first, 0],
  ])
  expect(items[1]).toMatchObject({ verdict: { kind: 'admitted', by: { kind: 'local' } } })
  server.manners.fail = 500
  await until(
    async () => (await cli('events', '--kind', 'source.unreachable', '--json')).stdout,
    () => 'the loss of the repository',
  )
  const away = await cli('commits', 'api', '--limit', '1')
  expect(away).toMatchObject({ code: 0, stderr: expect.stringContaining('(GIT_UNREACHABLE)') })
  expect(away.stdout).toContain('Second')
}, 120_000)

test('what goes wrong has its exit code, its code and a way out', async () => {
  const { folder, cli } = await workshop()
  expect(await cli('ls')).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/\(API_UNREACHABLE\)\n.*longshore serve/),
  })
  expect(await cli('backup', 'copy')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('(STORE_MISSING)'),
  })
  const serving = new Serving(['serve'], folder)
  await serving.line(/Longshore runs on/)
  expect(await cli('show', 'nobody')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('(SERVICE_UNKNOWN)'),
  })
  expect(await cli('stop', 'api')).toMatchObject({ code: 2, stderr: expect.stringContaining('--why') })
  expect(await cli('stop', 'api', '--wyh', 'x')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--wyh'),
  })
  expect(await cli('deploi', 'api')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('longshore deploy?'),
  })
  expect(await cli('ls', 'api')).toMatchObject({ code: 2, stderr: expect.stringContaining("'api'") })
  expect(await cli('deploy', 'api', 'abcdef0')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('(COMMIT_UNCLEAR)'),
  })
  expect(await cli('stop', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('EXAMPLES') })
  const second = await longshore(['serve'], folder)
  expect(second.code).toBe(1)
  expect(second.stderr).toMatch(/\((STORAGE_LOCKED|WEB_SOCKET_TAKEN)\)/)
  expect(second.stderr).not.toMatch(/\n {4}at /)
  const copied = await cli('backup', 'copy')
  expect(copied).toMatchObject({ code: 0, stdout: expect.stringContaining(join(folder, 'copy')) })
  expect(await cli('restore', 'copy')).toMatchObject({ code: 3, stderr: expect.stringMatching(/\(STORAGE_/) })
  await serving.end('SIGINT')
  await rename(join(folder, 'data'), join(folder, 'lost'))
  expect(await cli('restore', 'copy')).toMatchObject({ code: 0 })
  expect(await cli('backup', 'second')).toMatchObject({ code: 0 })
}, 120_000)

test('a running host takes a good config up and keeps the last good one', async () => {
  const { folder, config, cli, runs, first } = await workshop()
  const file = join(folder, 'longshore.config.yaml')
  const serving = new Serving(['serve'], folder)
  await serving.line(/Longshore runs on/)
  await until(
    async () => (await runs()) === first,
    () => 'the first commit',
  )
  const last = async (kind: string) =>
    JSON.parse(
      (await cli('events', '--kind', kind, '--json')).stdout.trim().split('\n').at(-1) || 'null',
    ) as Event | null

  await writeFile(file, config.replace('poll: 500ms', 'pol: 500ms'))
  await until(
    () => last('config.refused'),
    () => 'a refusal',
  )
  expect((await last('config.refused'))!.data).toMatchObject({
    errors: [expect.stringMatching(/yaml:7:\d+ services\.api\.source\.pol: unknown key/)],
  })
  expect(await runs()).toBe(first)
  // While the config is broken beyond reading, what runs can still be reached.
  await writeFile(file, `${config}\n  api: {}\n`)
  expect((await cli('ls')).code).toBe(0)

  const changed = `${config}  second:\n    source: { url: 'https://127.0.0.1:1/none.git' }\n    run: { kind: command, up: [node, up.mjs] }\n`
  await writeFile(`${file}.new`, changed)
  await rename(`${file}.new`, file)
  await until(
    () => last('config.applied'),
    () => 'a new config',
  )
  expect((await last('config.applied'))!.data).toEqual({ changes: ['services.second'] })
  expect(await serving.end('SIGTERM')).toBe(0)
  expect(existsSync(join(folder, 'data/longshore.sock'))).toBe(false)
}, 120_000)

test('the journal is followed over a restart of Longshore, without a gap', async () => {
  const { folder, cli, runs, first } = await workshop()
  const serving = new Serving(['serve'], folder)
  await serving.line(/Longshore runs on/)
  await until(
    async () => (await runs()) === first,
    () => 'the first commit',
  )
  const follower = new Serving(['events', '-f', '--json', '--limit', '1000'], folder)
  await follower.line(/deployment\.settled/)
  await serving.end('SIGTERM')
  const again = new Serving(['serve'], folder)
  await again.line(/Longshore runs on/)
  await cli('stop', 'api', '--why', 'x')
  await follower.line(/hold\.placed/)
  const seqs = follower.output
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as Event).seq)
  expect(seqs).toEqual(seqs.map((_, index) => index + 1))
}, 120_000)

test('init takes a compose file as it is, and what it writes is a good config', async () => {
  const folder = await folderWith({
    'deploy/compose.yaml': `name: Shop\nservices: { web: { image: "nginx:\${TAG}", command: "$$X \${Y:-y}" } }\n`,
  })
  const from = ['init', '--from', 'deploy/compose.yaml', '--url', 'https://git.example/shop.git']
  const written = await longshore(from, folder)
  expect(written).toMatchObject({ code: 0, stderr: expect.stringContaining('The compose file reads TAG:') })
  const text = await readFile(join(folder, 'longshore.config.yaml'), 'utf8')
  expect(text).toContain('shop:')
  expect(text).toMatch(/kind: compose\n +files:\n +- compose\.yaml/)
  expect(await longshore(['check'], folder)).toMatchObject({ code: 0 })
  expect(await longshore(from, folder)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('(CONFIG_EXISTS)'),
  })
  const elsewhere = await folderWith({ x: '' })
  expect(await longshore(['init'], elsewhere)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--name'),
  })
  const given = ['init', '--name', 'api', '--url', 'git@git.example:team/api.git', '--up', 'npm start']
  expect(await longshore(given, elsewhere)).toMatchObject({ code: 0 })
  // What only the machine can have is all that lacks.
  expect(await longshore(['check'], elsewhere)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^longshore\.config\.yaml:7:\d+ credentials\.deploy-key\.key\.secret: .*\(SECRET_MISSING\)\n$/,
    ),
  })
})
