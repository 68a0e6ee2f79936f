import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GitProvider, Nudges, Source } from '../../contracts/git-provider.js'
import { Bell } from '../../waiting/bell.js'
import type { Law } from '../law.js'
import { Watching } from './watching.js'

/** One repository, the provider under test that follows it, and the hands that change it. */
export interface GitSubject {
  provider: GitProvider
  /** The repository with this ref, polled as fast as the provider can bear. */
  source(ref: string): Source
  commit(
    branch: string,
    files: Record<string, string | { content: string; executable: true }>,
    options?: { message?: string; parent?: string | null },
  ): Promise<string>
  remove(branch: string): Promise<void>
  /** The server goes away, or comes back. */
  away(): Promise<void>
  back(): Promise<void>
  close(): Promise<void>
}

/** Milliseconds to the next look of itself, in a law that does not wait for it. */
const farAway = 3_600_000
const absent = 'f'.repeat(40)
const { signal } = new AbortController()

/** The law of GitProvider, a test each. `make` brings an empty repository. */
export function gitProviderLaws(make: () => Promise<GitSubject>): Law[] {
  const law = (name: string, body: (subject: GitSubject, watch: Watch) => Promise<void>): Law => ({
    name,
    async run() {
      const subject = await make()
      const ending = new AbortController()
      const watches: Watching[] = []
      const watch: Watch = (ref, nudges) => {
        const source = { ...subject.source(ref), ...(nudges && { poll: farAway }) }
        const watching = new Watching(subject.provider.watch(source, ending.signal, nudges))
        watches.push(watching)
        return watching
      }
      try {
        await body(subject, watch)
      } finally {
        ending.abort()
        await Promise.all(watches.map((watching) => watching.ended()))
        await subject.close()
      }
    },
  })
  return [
    ...watchLaws(law),
    nudgeLaw(law),
    ...lossLaws(law),
    ...commitLaws(law),
    ...historyLaws(law),
    ...checkoutLaws(law),
  ]
}

type Watch = (ref: string, nudges?: Nudges) => Watching
type Define = (name: string, body: (subject: GitSubject, watch: Watch) => Promise<void>) => Law

function watchLaws(law: Define): Law[] {
  return [
    law('the head comes first, then each new head', async ({ commit }, watch) => {
      const first = await commit('main', { a: '1' })
      const watching = watch('main')
      assert.equal(await watching.head(), first)
      const second = await commit('main', { a: '2' })
      assert.equal(await watching.head(first), second)
    }),
    law('a slow reader never loses the newest', async ({ commit }, watch) => {
      const first = await commit('main', { a: '0' })
      const watching = watch('main')
      assert.equal(await watching.head(), first)
      let newest = ''
      for (let i = 1; i <= 5; i++) newest = await commit('main', { a: String(i) })
      let seen = first
      while (seen !== newest) seen = await watching.head(seen)
    }),
    law('a branch that is rewritten shows its new head', async ({ commit }, watch) => {
      const first = await commit('main', { a: '1' })
      const second = await commit('main', { a: '2' })
      const watching = watch('main')
      assert.equal(await watching.head(), second)
      const forced = await commit('main', { a: '3' }, { parent: first })
      assert.equal(await watching.head(second), forced)
    }),
    law('a full sha is its own head', async ({ commit }, watch) => {
      const first = await commit('main', { a: '1' })
      await commit('main', { a: '2' })
      assert.equal(await watch(first).head(), first)
    }),
    law('a watch ends when its signal aborts', async ({ provider, source, commit }) => {
      await commit('main', { a: '1' })
      const ending = new AbortController()
      const watching = new Watching(provider.watch(source('main'), ending.signal))
      await watching.head()
      ending.abort()
      await watching.ended()
    }),
  ]
}

function nudgeLaw(law: Define): Law {
  return law('who is nudged looks at once', async ({ commit }, watch) => {
    let head = await commit('main', { a: '0' })
    const bell = new Bell()
    const watching = watch('main', bell)
    assert.equal(await watching.head(), head)
    for (const content of ['1', '2']) {
      const next = await commit('main', { a: content })
      bell.ring()
      assert.equal(await watching.head(head), next)
      head = next
    }
  })
}

function lossLaws(law: Define): Law[] {
  return [
    law('a server that is away is told once, and its return once', async (subject, watch) => {
      const first = await subject.commit('main', { a: '1' })
      const watching = watch('main')
      assert.equal(await watching.head(), first)
      await subject.away()
      const lost = await watching.next()
      assert.equal(lost.kind, 'unreachable')
      const second = await subject.commit('main', { a: '2' })
      await subject.back()
      assert.deepEqual(await watching.next(), { kind: 'reachable' })
      assert.equal(await watching.head(first), second)
    }),
    law('a server that is away at the start is told, and never thrown', async (subject, watch) => {
      const first = await subject.commit('main', { a: '1' })
      await subject.away()
      const watching = watch('main')
      assert.equal((await watching.next()).kind, 'unreachable')
      await subject.back()
      assert.deepEqual(await watching.next(), { kind: 'reachable' })
      assert.equal(await watching.head(), first)
    }),
    law('a ref that is gone is told as GIT_REF_MISSING, and its return once', async (subject, watch) => {
      await subject.commit('main', { a: '1' })
      const first = await subject.commit('next', { a: '1' })
      const watching = watch('next')
      assert.equal(await watching.head(), first)
      await subject.remove('next')
      const lost = await watching.next()
      assert.equal(lost.kind === 'unreachable' && lost.code, 'GIT_REF_MISSING')
      const second = await subject.commit('next', { a: '2' })
      assert.deepEqual(await watching.next(), { kind: 'reachable' })
      assert.equal(await watching.head(first), second)
    }),
  ]
}

function commitLaws(law: Define): Law[] {
  return [
    law('fetch tells of exactly that commit', async ({ provider, source, commit }) => {
      const first = await commit('main', { a: '1' }, { message: 'First' })
      const second = await commit('main', { a: '2' }, { message: 'Größe\n\nand why' })
      await commit('main', { a: '3' })
      const told = await provider.fetch(source('main'), second, signal)
      assert.equal(told.sha, second)
      assert.deepEqual(told.parents, [first])
      assert.equal(told.message.trimEnd(), 'Größe\n\nand why')
      assert.match(told.author, /Ines/)
      assert.ok(!Number.isNaN(Date.parse(told.time)))
    }),
    law('a commit that is not there is refused with a code', async ({ provider, source, commit }) => {
      await commit('main', { a: '1' })
      await assert.rejects(provider.fetch(source('main'), absent, signal), { code: 'GIT_COMMIT_MISSING' })
    }),
    law('object is what the sha is the hash of', async ({ provider, source, commit }) => {
      const sha = await commit('main', { a: '1' }, { message: 'Größe\n\nand why' })
      await provider.fetch(source('main'), sha, signal)
      const bytes = Buffer.from(await provider.object(source('main'), sha, signal))
      const hash = createHash('sha1').update(`commit ${bytes.length}\0`).update(bytes)
      assert.equal(hash.digest('hex'), sha)
    }),
    law('changed names the paths that differ', async ({ provider, source, commit }) => {
      const from = await commit('main', { a: '1', 'b/c': '1', d: '1', f: '1', 'g/h': '1' })
      const to = await commit('main', { a: '1', 'b/c': '2', e: '1', 'f/i': '1', g: '1' })
      for (const sha of [from, to]) await provider.fetch(source('main'), sha, signal)
      const paths = ['b/c', 'd', 'e', 'f', 'f/i', 'g', 'g/h']
      assert.deepEqual((await provider.changed(source('main'), from, to, signal))?.sort(), paths)
      assert.deepEqual(await provider.changed(source('main'), to, to, signal), [])
    }),
  ]
}

function historyLaws(law: Define): Law[] {
  return [
    law('contains knows an ancestor from what was rewritten away', async ({ provider, source, commit }) => {
      const first = await commit('main', { a: '1' })
      const second = await commit('main', { a: '2' })
      await provider.fetch(source('main'), second, signal)
      const third = await commit('main', { a: '3' }, { parent: first })
      await provider.fetch(source('main'), third, signal)
      assert.equal(await provider.contains(source('main'), third, first, signal), true)
      assert.equal(await provider.contains(source('main'), third, second, signal), false)
    }),
    law('history goes back from the commit, newest first', async ({ provider, source, commit }) => {
      const shas: string[] = []
      for (let i = 0; i < 5; i++) shas.unshift(await commit('main', { a: String(i) }))
      await provider.fetch(source('main'), shas[0]!, signal)
      const told = async (limit: number) =>
        (await provider.history(source('main'), shas[0]!, limit, signal)).commits.map(({ sha }) => sha)
      assert.deepEqual(await told(3), shas.slice(0, 3))
      assert.deepEqual(await told(100), shas)
    }),
    law(
      'history of a server that is away is what is here, and why there is no more',
      async ({ provider, source, commit, away }) => {
        await commit('main', { a: '1' })
        const second = await commit('main', { a: '2' })
        await provider.fetch(source('main'), second, signal)
        await away()
        const { commits, fault } = await provider.history(source('main'), second, 100, signal)
        assert.equal(commits[0]?.sha, second)
        assert.match(fault?.code ?? 'none', /^GIT_/)
      },
    ),
  ]
}

/** Gives the law an empty directory, and takes it away again. */
const inside =
  (body: (subject: GitSubject, directory: string) => Promise<void>) => async (subject: GitSubject) => {
    const directory = await mkdtemp(join(tmpdir(), 'longshore-law-'))
    try {
      await body(subject, directory)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

function checkoutLaws(law: Define): Law[] {
  return [
    law(
      'checkout writes exactly that commit',
      inside(async ({ provider, source, commit }, directory) => {
        const files = {
          'a/b/c': 'deep',
          run: { content: '#!/bin/sh\n', executable: true as const },
          empty: '',
        }
        const sha = await commit('main', files)
        await commit('main', { other: '1' })
        await provider.fetch(source('main'), sha, signal)
        const report = await provider.checkout(source('main'), sha, directory, signal)
        assert.deepEqual(report, { files: 3, bytes: 14, left: [] })
        assert.deepEqual((await readdir(directory)).sort(), ['a', 'empty', 'run'])
        assert.equal(await readFile(join(directory, 'a/b/c'), 'utf8'), 'deep')
        assert.ok((await stat(join(directory, 'run'))).mode & 0o100)
        assert.ok(!((await stat(join(directory, 'a/b/c'))).mode & 0o111))
      }),
    ),
    law(
      'a checkout that fails leaves the directory empty',
      inside(async ({ provider, source, commit }, directory) => {
        const sha = await commit('main', { a: '1' })
        await provider.fetch(source('main'), sha, signal)
        await assert.rejects(provider.checkout(source('main'), absent, directory, signal), {
          code: 'GIT_COMMIT_MISSING',
        })
        await assert.rejects(provider.checkout(source('main'), sha, directory, AbortSignal.abort()))
        assert.deepEqual(await readdir(directory), [])
      }),
    ),
    law(
      'a directory that is not empty is refused and left as it is',
      inside(async ({ provider, source, commit }, directory) => {
        const sha = await commit('main', { a: '1' })
        await provider.fetch(source('main'), sha, signal)
        await writeFile(join(directory, 'a'), 'mine')
        await assert.rejects(provider.checkout(source('main'), sha, directory, signal), {
          code: 'GIT_DIRECTORY_NOT_EMPTY',
        })
        assert.equal(await readFile(join(directory, 'a'), 'utf8'), 'mine')
      }),
    ),
  ]
}
