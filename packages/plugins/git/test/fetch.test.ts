import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { GitServer, needs, runGit, type GitRepository } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { longHistory } from './long-history.js'
import { eventually, makeRig, sourceOf, until, type Rig } from './rig.js'

const { signal } = new AbortController()
const secret = 'hunter2-secret'
const credential = { kind: 'https', username: 'bot', password: { secret: 'env:P' } } as const

describe('a fetch', needs('git-http-backend'), () => {
  let server: GitServer
  let rig: Rig
  let repository: GitRepository
  beforeEach(async () => {
    ;[server, rig] = await Promise.all([GitServer.start(), makeRig({ secrets: { 'env:P': secret } })])
    repository = await server.repository('app')
  })
  afterEach(async () => {
    await rig.close()
    await server.close()
  })
  const app = (ref = 'main') => sourceOf(server.url('app'), ref)
  const out = async (name: string) => {
    const folder = rig.place(name)
    await mkdir(folder)
    return folder
  }

  it('brings a pushed commit of a clone that somebody works in', async () => {
    const clone = rig.place('clone')
    await repository.commit('main', { a: '1' })
    await runGit(['clone', '--quiet', server.url('app'), clone])
    await writeFile(join(clone, 'a'), 'pushed')
    await runGit(['-C', clone, 'commit', '--quiet', '-am', 'Mine'])
    await runGit(['-C', clone, 'push', '--quiet', 'origin', 'HEAD:main'])
    const [seen] = await until(rig.provider.watch(app(), signal), (each) => each.kind === 'head')
    const folder = await out('pushed')
    const sha = seen?.kind === 'head' ? seen.sha : ''
    expect((await rig.provider.fetch(app(), sha, signal)).message).toBe('Mine\n')
    await rig.provider.checkout(app(), sha, folder, signal)
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('pushed')
  })

  it('costs little of a repository of 50,000 commits, and knows the last hundred', async () => {
    await repository.import(longHistory(50_000))
    const sha = (await repository.sha('refs/heads/main'))!
    const commit = await rig.provider.fetch(app(), sha, signal)
    expect(commit.parents).toHaveLength(1)
    expect(await objectsIn(rig.folder)).toBeLessThan(10)
    const { commits: history } = await rig.provider.history(app(), sha, 1000, signal)
    expect(history).toHaveLength(100)
    expect(history.map(({ message }) => message.trim())).toEqual(
      Array.from({ length: 100 }, (_, i) => `Commit ${50_000 - i}`),
    )
    expect(await objectsIn(rig.folder)).toBeLessThan(150)
    expect(await rig.provider.contains(app(), sha, history[99]!.sha, signal)).toBe(true)
    expect(await rig.provider.contains(app(), sha, 'e'.repeat(40), signal)).toBeUndefined()
    expect(await readdir(await out('empty'))).toEqual([])
    await rig.provider.checkout(app(), sha, rig.place('empty'), signal)
    expect(await readFile(join(rig.place('empty'), 'file'), 'utf8')).toBe('50000\n')
  })

  it('tells a repository of one commit', async () => {
    const sha = await repository.commit('main', { a: '1' }, { message: 'Only' })
    expect((await rig.provider.fetch(app(), sha, signal)).parents).toEqual([])
    expect((await rig.provider.history(app(), sha, 10, signal)).commits).toHaveLength(1)
    expect(await rig.provider.contains(app(), sha, sha, signal)).toBe(true)
  })

  it('brings a commit that the branch has left, and one behind it from an old server', async () => {
    const first = await repository.commit('main', { a: '1' })
    const second = await repository.commit('main', { a: '2' })
    await repository.commit('main', { a: '3' }, { parent: first })
    expect((await rig.provider.fetch(app(), second, signal)).sha).toBe(second)
    server.manners.noV2 = true
    const old = await makeRig()
    expect((await old.provider.fetch(app(), first, signal)).sha).toBe(first)
    await expect(old.provider.fetch(app(), second, signal)).rejects.toMatchObject({
      code: 'GIT_COMMIT_MISSING',
    })
    await old.close()
  })

  it('refuses a sha of something that is no commit, and a word that is no sha', async () => {
    const sha = await repository.commit('main', { a: '1' })
    const tree = (await repository.git(['rev-parse', `${sha}^{tree}`])).toString().trim()
    await expect(rig.provider.fetch(app(), tree, signal)).rejects.toMatchObject({
      code: 'GIT_COMMIT_MISSING',
    })
    await expect(rig.provider.fetch(app(), '--upload-pack=x', signal)).rejects.toMatchObject({
      code: 'GIT_SHA',
    })
    await expect(rig.provider.changed(app(), '--output=x', sha, signal)).rejects.toMatchObject({
      code: 'GIT_SHA',
    })
  })

  it('goes on where a killed git left its locks, and starts anew where the objects are broken', async () => {
    const first = await repository.commit('main', { a: '1' })
    await rig.provider.fetch(app(), first, signal)
    const [name] = (await readdir(rig.folder)).filter((each) => each.endsWith('.git'))
    const folder = join(rig.folder, name!)
    await writeFile(join(folder, 'shallow.lock'), '')
    await writeFile(join(folder, 'objects/pack/tmp_pack_x'), 'half')
    const second = await repository.commit('main', { a: '2' })
    const again = await makeRig({}, rig.folder)
    expect((await again.provider.fetch(app(), second, signal)).sha).toBe(second)
    expect(await readdir(join(folder, 'objects/pack'))).not.toContain('tmp_pack_x')
    for (const pack of await readdir(join(folder, 'objects/pack'))) {
      await rm(join(folder, 'objects/pack', pack))
    }
    await writeFile(join(folder, 'HEAD'), 'nonsense')
    const third = await repository.commit('main', { a: '3' })
    const anew = await makeRig({}, rig.folder)
    expect((await anew.provider.fetch(app(), third, signal)).sha).toBe(third)
    await again.close()
    await anew.close()
  })

  it('lets old commits go after many, and fetches them again when they are asked for', async () => {
    const shas: string[] = []
    for (let i = 0; i < 61; i++) shas.push(await repository.commit('main', { a: `${i}`, b: `same` }))
    for (const sha of shas) await rig.provider.fetch(app(), sha, signal)
    const [name] = (await readdir(rig.folder)).filter((each) => each.endsWith('.git'))
    const folder = join(rig.folder, name!)
    await eventually('the clean-up', async () => (await readdir(join(folder, 'refs/kept'))).length <= 31)
    const newest = await out('newest')
    await rig.provider.checkout(app(), shas[60]!, newest, signal)
    expect(await readFile(join(newest, 'a'), 'utf8')).toBe('60')
    const oldest = await out('oldest')
    await rig.provider.checkout(app(), shas[0]!, oldest, signal)
    expect(await readFile(join(oldest, 'a'), 'utf8')).toBe('0')
    expect(await packsIn(folder)).toBeLessThan(10)
  })

  it('keeps what was written out beyond what was only looked at: it may run, and the server may be away', async () => {
    const old = await repository.commit('main', { a: 'runs' })
    await rig.provider.checkout(app(), old, await out('old'), signal)
    const passed = await repository.commit('main', { a: 'passed' })
    await rig.provider.fetch(app(), passed, signal)
    for (let i = 0; i < 61; i++)
      await rig.provider.fetch(app(), await repository.commit('main', { a: `${i}` }), signal)
    const [name] = (await readdir(rig.folder)).filter((each) => each.endsWith('.git'))
    const kept = () => readdir(join(rig.folder, name!, 'refs/kept'))
    await eventually('the clean-up', async () => !(await kept()).some((each) => each.includes(passed)))
    const source = app()
    await server.close()
    const again = await makeRig({}, rig.folder)
    const folder = await out('again')
    await again.provider.checkout(source, old, folder, signal)
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('runs')
    await again.close()
  })

  it('lets a repository go that nobody followed for long, not one that is followed and only quiet', async () => {
    const other = await server.repository('other')
    for (const each of [repository, other]) await each.commit('main', { a: '1' })
    const place = async (name: string, sha: string) => {
      const before = new Set(await readdir(rig.folder))
      await rig.provider.fetch(sourceOf(server.url(name)), sha, signal)
      const [fresh] = (await readdir(rig.folder)).filter((each) => !before.has(each))
      return join(rig.folder, fresh!, 'refs/kept')
    }
    const followed = await place('app', (await repository.sha('refs/heads/main'))!)
    const left = await place('other', (await other.sha('refs/heads/main'))!)
    const long = new Date(Date.now() - 31 * 86_400_000)
    for (const folder of [followed, left]) await utimes(folder, long, long)
    const watch = rig.provider.watch(app(), signal)[Symbol.asyncIterator]()
    await until(watch, ({ kind }) => kind === 'head')
    await eventually('that it is followed', async () => (await stat(followed)).mtimeMs > long.getTime())
    await watch.return?.()
    await (await makeRig({}, rig.folder)).close()
    expect(await stat(followed)).toBeDefined()
    await expect(stat(left)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('ends with its signal, and git and all that it started with it', async () => {
    const sha = await repository.commit('main', { a: '1' })
    await rig.provider.fetch(app(), sha, signal)
    server.manners.hang = true
    const ending = new AbortController()
    const fetching = rig.provider.fetch(app(), await repository.commit('main', { a: '2' }), ending.signal)
    await eventually('git', async () => (await processes()).some(({ words }) => words.includes(rig.folder)))
    ending.abort()
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' })
    await eventually(
      'the end of git',
      async () => !(await processes()).some(({ words }) => words.includes(rig.folder)),
    )
  })

  it('that takes too long is ended with a code', async () => {
    const hurried = await makeRig({ config: { timeout: '300ms' } })
    const sha = await repository.commit('main', { a: '1' })
    server.manners.hang = true
    await expect(hurried.provider.fetch(app(), sha, signal)).rejects.toMatchObject({ code: 'GIT_TIMEOUT' })
    await hurried.close()
  })

  it('uses the credential, and shows it to nobody: not in argv, an environment, a file or an error', async () => {
    const sha = await repository.commit('main', { a: '1' })
    server.manners.auth = { username: 'bot', password: secret }
    const source = { ...app(), credential }
    expect((await rig.provider.fetch(source, sha, signal)).sha).toBe(sha)
    const hanging = createServer((request, response) => {
      // Only whoever shows the password is kept waiting.
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      else hanging.emit('entered', request.headers.authorization)
    })
    hanging.listen(0, '127.0.0.1')
    await once(hanging, 'listening')
    const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/app.git`
    const ending = new AbortController()
    const entered = once(hanging, 'entered')
    const fetching = rig.provider
      .fetch({ ...source, url }, sha, ending.signal)
      .catch((error: unknown) => error)
    expect(await entered).toEqual([`Basic ${Buffer.from(`bot:${secret}`).toString('base64')}`])
    const all = await processes()
    expect(all.some(({ words }) => words.includes(url))).toBe(true)
    expect(all.filter(({ words, environment }) => `${words}${environment}`.includes(secret))).toEqual([])
    ending.abort()
    await fetching
    hanging.closeAllConnections()
    hanging.close()
    const grep = await runGit(['grep', '--no-index', '-l', secret, '--', rig.folder]).catch(() => 'nothing')
    expect(grep).toBe('nothing')
    server.manners.auth = { username: 'bot', password: 'changed' }
    const refusal = (await rig.provider
      .fetch(source, await repository.commit('main', { a: '2' }), signal)
      .catch((error: unknown) => error)) as Error & { code: string }
    expect(refusal.code).toBe('GIT_AUTH')
    expect(`${refusal.message}${refusal.stack}`).not.toContain(secret)
  })

  it('brings no more than the limit allows', async () => {
    const small = await makeRig({ config: { limits: { total: '2MiB' } } })
    const noise = Buffer.from(Array.from({ length: 6 * 2 ** 20 }, () => Math.floor(Math.random() * 256)))
    const sha = await repository.commit('main', { noise })
    await expect(small.provider.checkout(app(), sha, await out('noise'), signal)).rejects.toMatchObject({
      code: 'GIT_LIMIT',
    })
    await small.close()
  })
})

/** Objects in every repository of a folder. */
async function objectsIn(folder: string): Promise<number> {
  let count = 0
  for (const name of (await readdir(folder)).filter((each) => /\.(git|history)$/.test(each))) {
    const listing = await runGit([`--git-dir=${join(folder, name)}`, 'count-objects', '-v'])
    for (const [, number] of listing.toString().matchAll(/^(?:count|in-pack): (\d+)$/gm))
      count += Number(number)
  }
  return count
}

async function packsIn(folder: string): Promise<number> {
  return (await readdir(join(folder, 'objects/pack'))).filter((name) => name.endsWith('.pack')).length
}

/** Every process of this machine that may be looked at, but the one that runs the test. */
async function processes(): Promise<{ words: string; environment: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const read = (path: string) => readFile(path, 'latin1').catch(() => '')
  return Promise.all(
    pids.map(async (pid) => ({
      words: await read(`/proc/${pid}/cmdline`),
      environment: await read(`/proc/${pid}/environ`),
    })),
  )
}
