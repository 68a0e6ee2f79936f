import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { GitRepository } from '@longshore/core/testkit'
import { expect, test } from 'vitest'
import { gitPlace, longshoreAt } from './place.js'

const job = { kind: 'command', up: ['cat', 'version'] }

test('a branch that does not exist is told, and deployed when it appears', async () => {
  const { repository, url } = await gitPlace()
  await repository.commit('main', { version: 'one' })
  const longshore = await longshoreAt({
    services: { app: { source: { url, ref: 'release', poll: '500ms' }, run: job } },
  })
  await longshore.start()
  const missing = await longshore.until('app', 'misses its branch', ({ unreachable }) => unreachable)
  expect(missing.unreachable).toMatchObject({ code: 'GIT_REF_MISSING' })
  expect(missing.why).toContain('release')
  const shown = await longshore.cli('show', 'app')
  expect(shown.stdout).toContain('release')

  const sha = await repository.commit('release', { version: 'two' })
  const { unreachable } = await longshore.runs('app', sha)
  expect(unreachable).toBeUndefined()
  const kinds = (await longshore.events('service=app')).map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'source.unreachable')).toHaveLength(1)
  expect(kinds).toContain('source.reachable')
}, 120_000)

test('a source.path that is no folder of the commit is told by name, and what runs goes on', async () => {
  const { repository, url } = await gitPlace()
  const source = { url, poll: '500ms' }
  const longshore = await longshoreAt({ services: { app: { source, run: job } } })
  await longshore.start()
  const sha = await repository.commit('main', { version: 'one', 'web/page': 'one' })
  await longshore.runs('app', sha)
  for (const path of ['nosuch', 'version', 'web/page/nosuch']) {
    await longshore.configure({ services: { app: { source: { ...source, path }, run: job } } })
    const of = `${path} is no folder of the commit ${sha}`
    const placement = await longshore.until('app', 'misses its folder', ({ last }) => last?.reason === of)
    expect(placement.last).toMatchObject({ outcome: 'failed', code: 'SOURCE_PATH_MISSING' })
    expect(placement.running.commit.sha).toBe(sha)
    const { code, stdout } = await longshore.cli('deploy', 'app')
    expect(code).toBe(1)
    expect(stdout).toContain(of)
    expect(stdout).toContain('Name one of its folders by source.path')
    expect(stdout).not.toMatch(/planning|UP_NOT_FOUND|ENOTDIR/)
  }
  await longshore.configure({ services: { app: { source: { ...source, path: 'web' }, run: job } } })
  const found = ({ last }: { last?: { code?: string } }) => last?.code !== 'SOURCE_PATH_MISSING'
  await longshore.until('app', 'is deployed from a folder that is there', found)
}, 120_000)

test('a repository of one commit and one of 50,000 deploy alike; the long history stays where it is', async () => {
  const { git, repository, url } = await gitPlace('short')
  const long = await git.repository('long')
  await manyCommits(long, 50_000)
  const services = {
    short: { source: { url, poll: '500ms' }, run: job },
    long: { source: { url: git.url('long'), poll: '500ms' }, run: job },
  }
  const longshore = await longshoreAt({ services })
  await longshore.start()
  await longshore.runs('short', await repository.commit('main', { version: 'one' }))
  const head = await long.sha('refs/heads/main')
  await longshore.runs('long', head!)
  const next = await long.commit('main', { version: 'next' })
  await longshore.runs('long', next)
  const size = await sizeOf(longshore.data)
  console.log(`50,000 commits: the data folder holds ${Math.round(size / 1024)} KiB`)
  expect(size).toBeLessThan(20 * 2 ** 20)
}, 240_000)

/** A history of so many commits, each of which changes the one file. */
async function manyCommits(repository: GitRepository, count: number): Promise<void> {
  const parts: string[] = []
  for (let each = 1; each <= count; each++) {
    const content = `${each}\n`
    parts.push(
      `commit refs/heads/main\ncommitter Ines <ines@git.example> ${1_600_000_000 + each} +0000\n`,
      `data 6\nChange\nM 100644 inline version\ndata ${content.length}\n${content}\n`,
    )
  }
  await repository.import(Buffer.from(parts.join('')))
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const sizes = files
    .filter((file) => file.isFile())
    .map(async (file) => (await stat(join(file.parentPath, file.name))).blocks * 512)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
