import type { ActedWhere, DeploymentDiff, PlanView, ServiceView, Where } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { folderWith, longshore, Serving, until, type Answer } from './longshore.js'

const up = (text: string) => `console.log(${JSON.stringify(text)})\nsetInterval(() => {}, 1000)\n`

/** Two services of one repository that runs, with two commits that were kept. */
async function workshop() {
  const server = await startGitServer()
  onTestFinished(() => server.close())
  const repository = await server.repository('app')
  const first = await repository.commit('main', { 'up.mjs': up('one') }, { message: 'First' })
  const source = `{ url: '${server.url('app')}', poll: 500ms }`
  const run = '{ kind: command, up: [node, up.mjs], keepAlive: true, grace: 1s }'
  const folder = await folderWith({
    'longshore.config.yaml': `version: 1
data: ./data
web: { listen: '127.0.0.1:0' }
health: { settle: 0s }
services:
  api: { source: ${source}, run: ${run} }
  worker: { source: ${source}, run: ${run} }
`,
  })
  const cli = (...args: string[]): Promise<Answer> => longshore(args, folder)
  const json = async <T>(...args: string[]): Promise<T> =>
    JSON.parse((await cli(...args, '--json')).stdout) as T
  const view = async (service: string) => (await json<ServiceView>('show', service)).placements[0]!
  const runs = (service: string, sha: string | undefined) =>
    until(
      async () => {
        const { running, deployment } = await view(service)
        return running?.commit.sha === sha && !deployment
      },
      () => `${service} runs ${sha}`,
    )
  await new Serving(['serve'], folder).line(/127\.0\.0\.1:\d+/)
  await runs('api', first)
  await runs('worker', first)
  const second = await repository.commit('main', { 'up.mjs': up('two'), notes: 'x' }, { message: 'Second' })
  await runs('api', second)
  await runs('worker', second)
  return { repository, first, second, cli, json, view, runs }
}

test('a commit is barred, shown as barred, refused when it comes again, and lifted', async () => {
  const { first, second, cli, json, runs } = await workshop()
  expect(await cli('quarantine', 'api', second.slice(0, 7))).toMatchObject({ code: 2 })
  const barred = await cli('quarantine', 'api', second.slice(0, 7), '--why', 'it leaks')
  expect(barred).toMatchObject({ code: 0, stdout: expect.stringContaining(`api runs ${first.slice(0, 7)}`) })
  const shown = (await cli('show', 'api')).stdout
  expect(shown).toMatch(/^state +quarantined$/m)
  expect(shown).toMatch(new RegExp(`^runs +${first.slice(0, 7)} First`, 'm'))
  expect(shown).toMatch(/^why +api runs .*, not the newest .*: .* quarantined it at .*: it leaks/m)
  expect(shown).toMatch(new RegExp(`^quarantined +${second.slice(0, 7)} by .*: it leaks$`, 'm'))
  expect(shown).toMatch(/^next +The next commit of main is brought, once it is let in\.$/m)
  expect(await cli('deploy', 'api', second.slice(0, 7))).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/it leaks.*\(COMMIT_QUARANTINED\)\n.*longshore lift api/s),
  })
  const plan = await json<PlanView>('plan', 'api', second)
  expect(plan).toMatchObject({
    from: { sha: first },
    files: ['notes', 'up.mjs'],
    barred: { code: 'COMMIT_QUARANTINED' },
  })
  expect((await cli('plan', 'api', second)).stdout).toMatch(
    /^but +.*it leaks.*\n2 files differ:\n {2}notes$/m,
  )
  expect(await cli('lift', 'api', second.slice(0, 7))).toMatchObject({ code: 0 })
  await runs('api', second)
  expect(await cli('lift', 'api', second)).toMatchObject({ code: 3 })
}, 120_000)

test('a pin keeps a commit, and what is pushed waits for its end', async () => {
  const { repository, first, cli, view, runs } = await workshop()
  expect(await cli('pin', 'api', first.slice(0, 7), '--why', 'the demo')).toMatchObject({ code: 0 })
  await runs('api', first)
  const third = await repository.commit('main', { 'up.mjs': up('three') }, { message: 'Third' })
  await runs('worker', third)
  await until(
    async () => (await view('api')).newest?.sha === third,
    () => 'the push is seen',
  )
  expect((await cli('show', 'api')).stdout).toMatch(/^pinned +.* First .*: the demo$/m)
  expect(await cli('unpin', 'api')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(third.slice(0, 7)),
  })
  expect(await cli('unpin', 'api')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('(NOT_PINNED)'),
  })
}, 120_000)

test('where a commit is, what differs since, and an end to all of it at once', async () => {
  const { first, second, cli, json, runs } = await workshop()
  const where = await json<Where>('where', second.slice(0, 8))
  expect(where.items.map(({ service, runs: now }) => [service, now?.commit])).toEqual([
    ['api', second],
    ['worker', second],
  ])
  expect((await cli('where', second)).stdout).toMatch(/^api +\S+ +[0-9a-f]{7} +\d+s ago/m)
  expect(await cli('where', '1234567')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('(COMMIT_UNKNOWN)'),
  })
  const diff = await json<DeploymentDiff>('diff', 'api')
  expect(diff).toMatchObject({
    from: { commit: { sha: first } },
    to: { commit: { sha: second } },
    commits: [{ sha: second }],
    back: [],
    files: ['notes', 'up.mjs'],
  })
  expect((await cli('diff', 'api', second, first)).stdout).toMatch(
    /^No longer there\n {2}[0-9a-f]{7} Second/m,
  )

  const barred = await json<ActedWhere>('quarantine', '--contains', second, '--why', 'CVE')
  expect(barred.items.map(({ service, code }) => [service, code])).toEqual([
    ['api', undefined],
    ['worker', undefined],
  ])
  await runs('api', first)
  await runs('worker', first)
  const stopped = await cli('stop', '--contains', first.slice(0, 7), '--why', 'CVE')
  expect(stopped).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^api on .* is held.*\nworker on .* is held/m),
  })
  await runs('api', undefined)
  await runs('worker', undefined)
  expect(await cli('stop', 'api', '--contains', first, '--why', 'x')).toMatchObject({ code: 2 })
}, 120_000)
