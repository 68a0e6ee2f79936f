import { createServer, type AddressInfo } from 'node:net'
import { startGitServer } from '@longshore/core/testkit'
import type { ServiceView } from '@longshore/core/protocol'
import type { ChecksView } from '@longshore/health/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { folderWith, longshore, Serving, until } from './longshore.js'

/** A server that answers with this status. */
const up = (status: number) => `import { createServer } from 'node:http'
createServer((_, response) => response.writeHead(${status}).end()).listen(Number(process.env.PORT), '127.0.0.1', () => {
  console.log('answers ${status}')
})
`

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A Longshore that runs one service with one check. */
async function workshop() {
  const git = await startGitServer()
  onTestFinished(() => git.close())
  const repository = await git.repository('api')
  const good = await repository.commit('main', { 'up.mjs': up(200) }, { message: 'Answer' })
  const port = await freePort()
  const folder = await folderWith({
    'longshore.config.yaml': `version: 1
data: ./data
web: { listen: '127.0.0.1:0' }
services:
  api:
    source: { url: '${git.url('api')}', poll: 500ms }
    run: { kind: command, up: [node, up.mjs], keepAlive: true, grace: 1s, env: { PORT: '${port}' } }
    checks:
      - { kind: http, name: ready, url: 'http://127.0.0.1:${port}/ready?key=1', every: 1s, unhealthyAfter: 2 }
`,
  })
  const serving = new Serving(['serve'], folder)
  await serving.line(/Longshore runs on/)
  const cli = (...args: string[]) => longshore(args, folder)
  const place = async () =>
    (JSON.parse((await cli('show', 'api', '--json')).stdout) as ServiceView).placements[0]
  const runs = (sha: string) =>
    until(
      async () => (await place())?.running?.commit.sha === sha,
      () => `${sha} in:\n${serving.output}`,
    )
  return { repository, good, serving, cli, place, runs }
}

test('a commit that its check finds ill does not stay, and the checks tell how each commit fared', async () => {
  const { repository, good, serving, cli, place, runs } = await workshop()
  await runs(good)
  const listed = await cli('checks')
  expect(listed.stdout).toMatch(
    /^SERVICE +CHECK +STATE +SINCE +24 H +SAYS\napi +ready +healthy +\d+s ago +100% +200 in \d+ ms\n$/,
  )

  const bad = await repository.commit('main', { 'up.mjs': up(500) }, { message: 'Answer with nothing' })
  let failed: Awaited<ReturnType<typeof place>>
  await until(
    async () => (failed = await place())?.failed?.sha === bad,
    () => `the bad commit in:\n${serving.output}`,
  )
  expect(failed!.failed).toMatchObject({
    code: 'CHECK_UNHEALTHY',
    reason: 'the check ready says: it answers 500',
  })
  await runs(good)
  const shown = (await cli('checks', 'api')).stdout
  expect(shown).toMatch(/^ready +healthy since \d+s ago, 200 in \d+ ms$/m)
  expect(shown).toMatch(/^looks at +http: GET http:\/\/127\.0\.0\.1:\d+\/ready\?…$/m)
  expect(shown).toMatch(/^uptime +\d+\.\d\d% in 24 h, \d+\.\d\d% in 7 d, \d+\.\d\d% in 30 d$/m)
  expect(shown).toMatch(
    new RegExp(`^ +${bad.slice(0, 7)} Answer with nothing +.* 0\\.00% +\\d+ .* ago: it answers 500$`, 'm'),
  )
  expect(shown).toMatch(new RegExp(`^ +${good.slice(0, 7)} Answer +.* 100% `, 'm'))
  const { checks } = JSON.parse((await cli('checks', 'api', '--json')).stdout) as ChecksView
  expect(checks.map(({ name, state }) => [name, state])).toEqual([['ready', 'healthy']])
  expect((await cli('doctor')).stdout).toMatch(/checks +1 check: 1 healthy/)
  expect(await cli('checks', 'api', '--window', '31d')).toMatchObject({ code: 2 })
}, 120_000)

test('without checks the command says how to declare some', async () => {
  const folder = await folderWith({
    'longshore.config.yaml': "version: 1\ndata: ./data\nweb: { listen: '127.0.0.1:0' }\n",
  })
  await new Serving(['serve'], folder).line(/Longshore runs on/)
  const { code, stderr } = await longshore(['checks'], folder)
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Declare some by `checks`') as string,
  })
})
