import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { GitServer, needs, type GitRepository } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blob, commitTree, entries, nest, object, rawTree, type RawEntry } from './hostile.js'
import { makeRig, sourceOf, type Rig } from './rig.js'

const { signal } = new AbortController()
/** Megabytes that the process may ever hold, some 70 of them Node's own; the README promises the rest. */
const memory = 320
/** What an answer may take beside other tests; what has to be counted to its end takes for ever. */
const patience = '45s'

describe('a repository of some hundred kilobytes', needs('git-http-backend'), () => {
  let server: GitServer
  let rig: Rig
  let repository: GitRepository
  let file: string
  let count = 0
  beforeAll(async () => {
    ;[server, rig] = await Promise.all([GitServer.start(), makeRig({ config: { timeout: patience } })])
    repository = await server.repository('app')
    file = await blob(repository, 'x')
  })
  afterAll(async () => {
    await rig.close()
    await server.close()
  })

  /** What a Longshore with little memory says of the commit. */
  async function checkout(sha: string) {
    const folder = rig.place(`small-${++count}`)
    const task = { repository: repository.folder, sha, folder, timeout: patience }
    const script = fileURLToPath(new URL('small-heap.mjs', import.meta.url))
    // With a heap that small, garbage which nobody has collected yet does not count as memory that is needed.
    const words = ['--max-old-space-size=230', script, JSON.stringify(task)]
    const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 50_000 })
    const told = JSON.parse(stdout) as { commit: object; answer: { message: string }; megabytes: number }
    expect(told.megabytes).toBeLessThan(memory)
    return { ...told, written: await readdir(`${folder}/out`) }
  }
  const folders = (tree: string, width: number) => rawTree(repository, entries(width, '40000', tree))
  const files = (width: number, sha = file, mode = '100644') => rawTree(repository, entries(width, mode, sha))

  const bombs: [string, RegExp, () => Promise<string>][] = [
    [
      '2^30 files, each level named twice by the one above',
      /too many/,
      async () => nest(repository, await files(1), 30, 2),
    ],
    [
      '2^30 folders and no file',
      /too many folders/,
      async () => nest(repository, await rawTree(repository, []), 30, 2),
    ],
    [
      '150,000 files, each below 99 folders',
      /too many folders/,
      async () => folders(await folders(await nest(repository, await files(1), 97, 1), 500), 300),
    ],
    [
      '300,000 folders for 3,000 files',
      /too many folders/,
      async () => folders(await nest(repository, await files(1), 98, 1), 3000),
    ],
    [
      '250,000 long names',
      /too long together/,
      async () =>
        nest(repository, await rawTree(repository, entries(500, '100644', file, 'n'.repeat(240))), 2, 22),
    ],
    [
      '200,000 links with long targets',
      /too long together/,
      async () => folders(await files(500, await blob(repository, 'd/'.repeat(2040)), '120000'), 400),
    ],
    [
      '250,000 times the same file, too big together',
      /too big together/,
      async () => folders(await files(500, await blob(repository, 'z'.repeat(20_000))), 500),
    ],
    [
      'one name of 50 MB',
      /path is too long/,
      () => rawTree(repository, [['100644', 'n'.repeat(50e6), file]]),
    ],
  ]
  it.each(bombs)('that stands for %s is refused at once, in little memory', async (_, why, tree) => {
    const sha = await commitTree(repository, await tree())
    const { answer, written } = await checkout(sha)
    expect(answer).toEqual({ code: 'GIT_LIMIT', message: expect.stringMatching(why) })
    expect(written).toEqual([])
  })

  it('in which thousands of links lead through each other is judged at once', async () => {
    const detours = 'x/../'.repeat(800)
    const chain = await Promise.all(
      Array.from(
        { length: 38 },
        async (_, i) => ['120000', `l${i}`, await blob(repository, `l${i + 1}/${detours}`)] as const,
      ),
    )
    const through = await files(5000, await blob(repository, `../l0/${detours}`), '120000')
    const out = await blob(repository, '../secret-target')
    const tree = await rawTree(repository, [
      ...chain.map((each) => [...each] as [string, string, string]),
      ['40000', 'm', through],
      ['120000', 'z', out],
    ])
    const { answer, written } = await checkout(await commitTree(repository, tree))
    expect(written).toEqual([])
    expect(answer).toMatchObject({
      code: 'GIT_TREE_UNSAFE',
      message: expect.stringContaining('"z": the link leads out'),
    })
    expect(answer.message).not.toContain('secret-target')
  })

  it('that keeps within all limits as closely as it can takes no more memory than is promised', async () => {
    // Names that JavaScript keeps in two bytes a letter, and targets as long.
    const name = (i: number) => `${String(i).padStart(3, '0')}ж${'A'.repeat(39)}`
    const target = await blob(repository, `ж${'x'.repeat(60)}`)
    const links = await rawTree(
      repository,
      Array.from({ length: 500 }, (_, i) => ['120000', name(i), target]),
    )
    const out: RawEntry = ['120000', 'z', await blob(repository, '..')]
    const tree = await rawTree(repository, [...entries(499, '40000', links), out])
    const { answer, written } = await checkout(await commitTree(repository, tree))
    expect(answer.message).toMatch(/"z": the link leads out/)
    expect(written).toEqual([])
  })

  it('whose commit has 150 MB of headers is told by its beginning', async () => {
    const start = `tree ${await files(1)}\nauthor Ines <i@x> 1 +0000\ncommitter Ines <i@x> 1 +0000\nlong `
    const sha = await object(repository, 'commit', Buffer.alloc(150e6, 'm').fill(start, 0, start.length))
    const { commit, written } = await checkout(sha)
    expect(commit).toEqual({ author: 'Ines <i@x>', message: '' })
    expect(written).toEqual(['0000'])
  })

  it('does not keep the look at what a commit changes', async () => {
    const from = await repository.commit('plain', { a: '1' })
    const to = await commitTree(repository, await nest(repository, await rawTree(repository, []), 30, 2))
    const source = sourceOf(server.url('app'))
    for (const sha of [from, to]) await rig.provider.fetch(source, sha, signal)
    expect(await rig.provider.changed(source, from, to, signal)).toBeUndefined()
  })
})
