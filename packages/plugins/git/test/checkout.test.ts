import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GitServer, needs, type GitRepository, type TreeFile } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blob, commitTree, entries, rawTree, type RawEntry } from './hostile.js'
import { makeRig, sourceOf, type Rig } from './rig.js'

const { signal } = new AbortController()
const limits = { files: 5000, file: '3MiB', total: '8MiB', depth: 20, path: 200 }

describe('a checkout', needs('git-http-backend'), () => {
  let server: GitServer
  let rig: Rig
  let repository: GitRepository
  let count = 0
  beforeAll(async () => {
    ;[server, rig] = await Promise.all([GitServer.start(), makeRig({ config: { limits } })])
    repository = await server.repository('app')
  })
  afterAll(async () => {
    await rig.close()
    await server.close()
  })

  async function write(
    sha: string,
  ): Promise<{ folder: string; left: unknown[]; files: number; bytes: number }> {
    const folder = rig.place(`out-${++count}`)
    await mkdir(folder)
    const report = await rig.provider.checkout(sourceOf(server.url('app')), sha, folder, signal)
    return { folder, ...report }
  }
  const commit = (files: Record<string, TreeFile>) => repository.commit('main', files)
  async function refusal(sha: string): Promise<{ code: string; message: string }> {
    const folder = rig.place(`out-${count + 1}`)
    const error = await write(sha).then(
      () => expect.fail('it was written'),
      (thrown: { code: string; message: string }) => thrown,
    )
    expect(await readdir(folder)).toEqual([])
    return error
  }
  const odd = async (...entries: RawEntry[]) => commitTree(repository, await rawTree(repository, entries))

  it('one that many write out at once is whole in each place, whatever is done in another', async () => {
    const sha = await commit({ 'a/b': 'text', c: { mode: '120000', content: 'a/b' } })
    const first = await Promise.all([write(sha), write(sha), write(sha)])
    await writeFile(join(first[0]!.folder, 'a/b'), 'other')
    for (const { folder } of [first[1]!, first[2]!, await write(sha)])
      expect(await readFile(join(folder, 'c'), 'utf8')).toBe('text')
  })

  it('keeps modes, bytes and the links that stay inside', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const { folder, files } = await write(
      await commit({
        'bin/run': { mode: '100755', content: 'x' },
        'data.bin': bytes,
        'näme ö/日本': 'x',
        '.gitattributes': '* text eol=crlf\n',
        'lines.txt': 'a\nb\n',
        current: { mode: '120000', content: 'bin/../bin/run' },
        'bin/up': { mode: '120000', content: '../data.bin' },
        gone: { mode: '120000', content: 'not/there' },
      }),
    )
    expect(files).toBe(8)
    expect(await readFile(join(folder, 'data.bin'))).toEqual(bytes)
    expect(await readFile(join(folder, 'lines.txt'), 'utf8')).toBe('a\nb\n')
    expect(await readFile(join(folder, 'näme ö/日本'), 'utf8')).toBe('x')
    expect((await lstat(join(folder, 'bin/run'))).mode & 0o777).toBe(0o755)
    expect((await lstat(join(folder, 'data.bin'))).mode & 0o777).toBe(0o644)
    expect(await readlink(join(folder, 'current'))).toBe('bin/../bin/run')
  })

  it('writes a big file piece by piece, and many small ones', async () => {
    const big = Buffer.alloc(2.5 * 2 ** 20, 'longshore ')
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`many/${i % 50}/${i}`, `file ${i}`]),
    )
    const { folder, files, bytes } = await write(await commit({ big, ...many }))
    expect(files).toBe(3001)
    expect(bytes).toBe(big.length + Object.values(many).join('').length)
    expect((await readFile(join(folder, 'big'))).equals(big)).toBe(true)
    expect(await readFile(join(folder, 'many/49/2999'), 'utf8')).toBe('file 2999')
  })

  it('leaves submodules and LFS pointers out, and says so', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`
    const modules = '[submodule "x"]\n\tpath = lib\r\n\turl = ext::sh -c "touch /tmp/longshore-was-here"\n'
    const { folder, left } = await write(
      await commit({
        lib: { mode: '160000', content: 'a'.repeat(40) },
        '.gitmodules': modules,
        model: pointer,
        a: '1',
      }),
    )
    expect(left).toEqual([
      { path: 'lib', kind: 'submodule' },
      { path: 'model', kind: 'lfs' },
    ])
    expect((await readdir(folder)).sort()).toEqual(['.gitmodules', 'a'])
  })

  it('executes nothing of a repository: no hook, filter, attribute or config', async () => {
    const trap = rig.place('trapped')
    const script = `#!/bin/sh\ntouch ${trap}\n`
    const { folder } = await write(
      await commit({
        '.gitattributes': '* filter=trap diff=trap\n',
        '.gitconfig': `[filter "trap"]\n\tsmudge = touch ${trap}\n[core]\n\tfsmonitor = touch ${trap}\n`,
        'hooks/post-checkout': { mode: '100755', content: script },
        '.husky/post-checkout': { mode: '100755', content: script },
        a: '1',
      }),
    )
    expect(existsSync(trap)).toBe(false)
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('1')
  })

  const links: [string, Record<string, string>][] = [
    ['an absolute link', { a: '/etc/passwd' }],
    ['a link that goes up', { a: '../secret-target' }],
    ['a link that goes up from a folder', { 'x/y': '../../secret-target' }],
    ['a chain that goes up', { 'x/back': '..', out: 'x/back/../secret-target' }],
    ['a folder link that goes up', { 'x/y/up': '../..', away: 'x/y/up/..' }],
    ['a circle', { a: 'b', b: 'a' }],
    ['an empty link', { a: '' }],
    ['a link that goes up where case is ignored', { here: '.', out: 'Here/..' }],
  ]
  it.each(links)('%s is refused, and its target is not told', async (_, targets) => {
    const entries = Object.entries(targets)
    const files = entries.map(([path, content]) => [path, { mode: '120000' as const, content }] as const)
    const { code, message } = await refusal(await commit({ ok: '1', ...Object.fromEntries(files) }))
    expect(code).toBe('GIT_TREE_UNSAFE')
    expect(message).not.toMatch(/secret-target|passwd/)
  })

  const names: [string | Buffer, RegExp][] = [
    ['..', /leads out/],
    ['.', /leads out/],
    ['.git', /own folder/],
    ['.GIT', /own folder/],
    ['.g\u200cit', /own folder/],
    ['git~1', /own folder/],
    ['.git ', /own folder/],
    ['.git/config', /own folder/],
    ['a/../../b', /leads out/],
    ['/etc', /leads out/],
    ['a/b', /holds \//],
    ['C:\\x', /holds \\/],
    ['C:x', /like a drive/],
    ['a\\b', /holds \\/],
    ['a\rb', /control/],
    ['a\nb', /control/],
    [Buffer.from([0x61, 0xff]), /UTF-8/],
    ['x'.repeat(190) + 'y'.repeat(80), /too long|longer/],
  ]
  it.each(names)('the name %j is refused', async (name, why) => {
    const { code, message } = await refusal(await odd(['100644', name, await blob(repository, 'x')]))
    expect(code).toMatch(/GIT_TREE_UNSAFE|GIT_LIMIT/)
    expect(message).toMatch(why)
  })

  it('two names that mean the same file are refused', async () => {
    const x = await blob(repository, 'x')
    const inner = await rawTree(repository, [['100644', 'x', x]])
    expect((await refusal(await commit({ Read: '1', read: '2' }))).code).toBe('GIT_TREE_UNSAFE')
    expect((await refusal(await commit({ 'A/x': '1', 'a/y': '2' }))).code).toBe('GIT_TREE_UNSAFE')
    expect((await refusal(await commit({ 'caf\u00e9': '1', 'cafe\u0301': '2' }))).code).toBe(
      'GIT_TREE_UNSAFE',
    )
    expect((await refusal(await commit({ straße: '1', STRASSE: '2' }))).code).toBe('GIT_TREE_UNSAFE')
    expect((await refusal(await commit({ ΑΣ: '1', ασ: '2' }))).code).toBe('GIT_TREE_UNSAFE')
    expect((await refusal(await odd(['100644', 'a', x], ['100644', 'a', x]))).code).toBe('GIT_TREE_UNSAFE')
    const again: RawEntry[] = [
      ['40000', 'a', inner],
      ['100644', 'b', x],
      ['40000', 'a', inner],
    ]
    expect((await refusal(await odd(...again))).code).toBe('GIT_TREE_UNSAFE')
    expect((await refusal(await odd(['120000', 'a', x], ['40000', 'a', inner]))).code).toBe('GIT_TREE_UNSAFE')
  })

  it('as many folders and as long paths as the limits say are written, and no more', async () => {
    const tight = await makeRig({ config: { limits: { folders: 3, paths: '20B' } } })
    const tell = async (files: Record<string, TreeFile>) => {
      const folder = tight.place(`tight-${++count}`)
      const checkout = tight.provider.checkout(
        sourceOf(server.url('app')),
        await commit(files),
        folder,
        signal,
      )
      return checkout.catch(({ code, message }: { code: string; message: string }) => [code, message])
    }
    // Of a folder counts its own path too: a, a/b, a/b/c, a/b/c/d.
    expect(await tell({ 'a/b/c/d': '1', e: '2' })).toMatchObject({ files: 2 })
    expect(await tell({ 'a/1': '1', 'b/2': '2', 'c/3': '3' })).toMatchObject({ files: 3 })
    expect(await tell({ 'a/1': '1', 'b/2': '2', 'c/3': '3', 'd/4': '4' })).toEqual([
      'GIT_LIMIT',
      expect.stringMatching(/too many folders; the limit is 3/),
    ])
    const link = { mode: '120000' as const, content: 'b/c/d' }
    expect(await tell({ 'a/b/c/d': '1', link })).toEqual([
      'GIT_LIMIT',
      expect.stringMatching(/too long together; the limit is 20 bytes/),
    ])
    await tight.close()
  })

  it('a million files, a big file, too much together and a deep path are refused before anything is written', async () => {
    const x = await blob(repository, 'x')
    const leaf = await rawTree(repository, entries(1000, '100644', x))
    const million = await commitTree(repository, await rawTree(repository, entries(1000, '40000', leaf)))
    expect(await refusal(million)).toMatchObject({
      code: 'GIT_LIMIT',
      message: expect.stringMatching(/too many files/),
    })
    const big = await commit({ big: Buffer.alloc(4 * 2 ** 20) })
    expect(await refusal(big)).toMatchObject({
      code: 'GIT_LIMIT',
      message: expect.stringMatching(/too big: 4194304/),
    })
    const parts = Object.fromEntries(
      [1, 2, 3, 4, 5].map((i) => [`part${i}`, Buffer.alloc(2 * 2 ** 20, String(i))]),
    )
    expect(await refusal(await commit(parts))).toMatchObject({ code: 'GIT_LIMIT' })
    expect(await refusal(await commit({ [`${'d/'.repeat(21)}f`]: '1' }))).toMatchObject({ code: 'GIT_LIMIT' })
    const deepest = await commit({ [`${'d/'.repeat(10_000)}f`]: '1' })
    expect(await refusal(deepest)).toMatchObject({ code: 'GIT_LIMIT' })
    const link = await commit({ a: { mode: '120000', content: 'x'.repeat(5000) } })
    expect(await refusal(link)).toMatchObject({ code: 'GIT_LIMIT' })
  })
})
