import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitView, ServiceView } from '@longshore/core/protocol'
import { needs, startGitServer } from '@longshore/core/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { folderWith, longshore, Serving, until, type Answer } from './longshore.js'

const up = `console.log('up')
setInterval(() => {}, 1000)
`

/** A repository, and a Longshore that follows it by this policy. */
async function workshop(policy: object, more: Record<string, string> = {}) {
  const server = await startGitServer()
  onTestFinished(() => server.close())
  const repository = await server.repository('api')
  const commit = (message: string) =>
    repository.commit('main', { 'up.mjs': `${up}// ${message}` }, { message })
  const source = { url: server.url('api'), poll: '500ms' }
  const run = { kind: 'command', up: ['node', 'up.mjs'], keepAlive: true, grace: '1s' }
  const services = { api: { source, run, labels: { tier: 'edge' }, policy } }
  const config = {
    version: 1,
    data: './data',
    web: { listen: '127.0.0.1:0' },
    health: { settle: '0s' },
    services,
  }
  const folder = await folderWith({ 'longshore.config.json': JSON.stringify(config), ...more })
  const cli = (...args: string[]): Promise<Answer> => longshore(args, folder)
  const placement = async () =>
    (JSON.parse((await cli('show', 'api', '--json')).stdout) as ServiceView).placements[0]!
  const waits = (sha: string, code: string) =>
    until(
      async () => {
        const { waiting } = await placement()
        return waiting?.commit.sha === sha && waiting.code === code
      },
      () => `${sha} to wait for ${code}`,
    )
  const serve = async () => {
    const serving = new Serving(['serve'], folder)
    await serving.line(/Longshore runs on/)
  }
  return { repository, commit, folder, cli, placement, waits, serve }
}

test('a commit waits for its approval, which follows its deployment', async () => {
  const { commit, cli, placement, waits, serve } = await workshop({ deploy: 'manual' })
  const sha = await commit('First')
  await serve()
  await waits(sha, 'APPROVAL_WAITED')
  expect(await cli('deploy', 'api', sha)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining(`longshore approve api ${sha.slice(0, 7)}`),
  })
  expect((await cli('commits', 'api')).stdout).toMatch(/waiting \(APPROVAL_WAITED\)/)
  expect(await cli('freeze', 'api', '--why', 'a sale')).toMatchObject({ code: 0 })
  expect(await cli('approve', 'api', sha.slice(0, 8), '--why', 'tried')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      new RegExp(`^${sha.slice(0, 7)} is approved: api is frozen by local:.*: a sale`),
    ),
  })
  await waits(sha, 'SERVICE_FROZEN')
  expect(await cli('unfreeze', 'api')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('lifted: a sale'),
  })
  await until(
    async () => (await placement()).running?.commit.sha === sha,
    () => 'the first commit to run',
  )
  const second = await commit('Second')
  await waits(second, 'APPROVAL_WAITED')
  const approved = await cli('approve', 'api', second)
  expect(approved).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`api runs ${second.slice(0, 7)}`),
  })
  expect(await cli('approve', 'api', second)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('(APPROVED_BEFORE)'),
  })
})

test('freezes are placed, listed, set aside and lifted', async () => {
  const { commit, cli, placement, waits, serve } = await workshop({})
  const sha = await commit('First')
  await serve()
  await until(
    async () => (await placement()).running?.commit.sha === sha,
    () => 'the first commit to run',
  )
  expect(await cli('freezes')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Nothing is frozen'),
  })
  expect(await cli('freeze', '--why', 'x')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('(FREEZE_SCOPE)'),
  })
  expect(await cli('freeze', 'api', '--all', '--why', 'x')).toMatchObject({ code: 2 })
  const placed = await cli('freeze', '--label', 'tier=edge', '--why', 'the audit', '--until', '2h')
  expect(placed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^what bears tier=edge is frozen until 2.*unfreeze --label tier=edge/),
  })
  expect((await cli('freezes')).stdout).toMatch(
    /what bears tier=edge +local:\S+ +.* +2\S+Z +[0-9a-z]{16} +the audit/,
  )
  const second = await commit('Second')
  await waits(second, 'SERVICE_FROZEN')
  expect(await cli('deploy', 'api', second)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('(SERVICE_FROZEN)'),
  })
  expect(await cli('deploy', 'api', '--override')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('(WHY_MISSING)'),
  })
  expect(await cli('deploy', 'api', '--override', '--why', 'it burns')).toMatchObject({ code: 0 })
  expect(await cli('unfreeze', 'api')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('(NOT_FROZEN)'),
  })
  expect(await cli('unfreeze', '--label', 'tier=edge')).toMatchObject({ code: 0 })
  const third = await commit('Third')
  await until(
    async () => (await placement()).running?.commit.sha === third,
    () => 'the third commit to run',
  )
})

/** A clone whose owner signs with an OpenPGP key of her own. */
function signingClone(folder: string, remote: string) {
  const home = join(folder, 'home')
  execFileSync('mkdir', ['-m', '700', home])
  onTestFinished(() => void execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']))
  const gpg = (...args: string[]) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--passphrase', '', ...args], {
      stdio: 'pipe',
      timeout: 30_000,
    })
  gpg('--quick-generate-key', 'Ines <ines@git.example>', 'ed25519', 'sign', 'never')
  const clone = join(folder, 'clone')
  const env = { ...process.env, GNUPGHOME: home, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', clone, '-c', 'user.name=Ines', '-c', 'user.email=ines@git.example', ...args], {
      env,
      stdio: 'pipe',
      timeout: 30_000,
    })
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', clone], { env })
  const push = async (message: string, ...args: string[]) => {
    await writeFile(join(clone, 'up.mjs'), `${up}// ${message}`)
    git('add', '.')
    git('commit', '--quiet', '-m', message, ...args)
    git('push', '--quiet', remote, 'main')
    return git('rev-parse', 'HEAD').toString().trim()
  }
  return { gpg, push }
}

test(
  'commits are let in by a key that lies beside the config, and who signed them is shown',
  needs('gpg'),
  async () => {
    const policy = { signers: [{ name: 'Ines', gpg: './keys/ines.asc' }] }
    const { repository, folder, cli, placement, serve } = await workshop(policy, { 'keys/ines.asc': '' })
    const { gpg, push } = signingClone(folder, repository.folder)
    const unsigned = await push('Unsigned')
    await serve()
    await until(
      async () => (await placement()).refused?.code === 'SIGNATURE_MISSING',
      () => `${unsigned} to be refused`,
    )
    const early = await push('Signed', '-S')
    await until(
      async () => (await placement()).refused?.code === 'SIGNER_UNKNOWN',
      () => `${early} to be refused`,
    )
    expect((await cli('doctor')).stdout).toContain(`${join(folder, 'keys/ines.asc')}`)
    await writeFile(join(folder, 'keys/ines.asc'), gpg('--armor', '--export', 'Ines'))
    const deployed = await cli('deploy', 'api', early)
    expect(deployed, deployed.stderr).toMatchObject({ code: 0 })
    expect((await cli('commits', 'api')).stdout).toMatch(
      /STATE +SIGNED BY +DEPLOYED[^]*runs, newest +Ines +kept/,
    )
    const listed = JSON.parse((await cli('commits', 'api', '--json')).stdout) as CommitView[]
    expect(listed.map(({ verdict }) => verdict?.signer ?? verdict?.code)).toEqual([
      'Ines',
      'SIGNATURE_MISSING',
    ])
  },
)
