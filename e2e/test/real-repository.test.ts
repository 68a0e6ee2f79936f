import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runGit } from '@longshore/core/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { fetchRealPackage, realPackage, realTarball } from '../../scripts/real-package.mjs'
import { answer, freePort, gitPlace, longshoreAt } from './place.js'
import { until } from './until.mjs'

test('a program nobody wrote for this is pushed, deployed and answers; so is its next version', async (context) => {
  if (!fetchRealPackage()) {
    const why = `${realPackage.name} ${realPackage.version} could not be fetched by npm`
    if (process.env['LONGSHORE_REQUIRE'] === 'all') throw new Error(why)
    context.skip(why)
  }
  const { url } = await gitPlace('wiki')
  const tree = await unpacked()
  const push = async (message: string) => {
    await runGit(['-C', tree, 'add', '--all', '--force'])
    await runGit(['-C', tree, 'commit', '--quiet', '--message', message])
    await runGit(['-C', tree, 'push', '--quiet', url, 'HEAD:refs/heads/main'])
    return (await runGit(['-C', tree, 'rev-parse', 'HEAD'])).toString().trim()
  }
  const first = await push('The program as it is published')
  const files = (await runGit(['-C', tree, 'ls-files'])).toString().trim().split('\n')
  expect(files.length).toBeGreaterThan(1_000)

  const port = await freePort()
  const up = ['node', 'tiddlywiki.js', 'editions/empty', '--listen', 'host=127.0.0.1', `port=${port}`]
  const run = { kind: 'command', up, keepAlive: true }
  const longshore = await longshoreAt({ services: { wiki: { source: { url, poll: '500ms' }, run } } })
  await longshore.start()
  await longshore.runs('wiki', first, 180_000)
  const status = await until('it answers', 60_000, () => answer(port, '/status'))
  expect(JSON.parse(status!)).toMatchObject({ tiddlywiki_version: realPackage.version })
  expect(await answer(port)).toContain('<title>')

  const { body } = await longshore.ask('GET', '/services/wiki/deployments')
  const { body: output } = await longshore.ask('GET', `/deployments/${body.items[0].id}/output`)
  expect(output).toContain(`checked out ${first}: ${files.length} files`)

  await runGit(['-C', tree, 'mv', 'editions/empty', 'editions/vacant'])
  await runGit(['-C', tree, 'mv', 'editions/server', 'editions/empty'])
  const second = await push('Another edition where the first one was')
  await longshore.runs('wiki', second, 180_000)
  await until('it answers again', 60_000, () => answer(port, '/status'))
  expect(longshore.processes()).toHaveLength(1)
}, 400_000)

/** A work tree with the package's files. */
async function unpacked(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-real-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const tar = spawnSync('tar', ['-xzf', realTarball, '-C', folder, '--strip-components=1'], {
    timeout: 60_000,
  })
  expect(tar.status).toBe(0)
  await runGit(['init', '--quiet', '--initial-branch=main', '--', folder])
  return folder
}
