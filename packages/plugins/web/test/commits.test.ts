import { describe, expect, it } from 'vitest'
import { refuseIf } from '@longshore/core'
import type { CommitPage } from '@longshore/core/protocol'
import { push, repository, startWeb, type Web } from './start.js'

const path = '/api/v1/services/hello/commits'
const list = async (web: Web, query = '') => (await web.ask(`${path}${query}`)).json as CommitPage
const shas = ({ items }: CommitPage) => items.map(({ sha }) => sha)

/** Refuses commits whose message says so. */
const gate = {
  name: 'gate',
  setup: ({ hooks }: any) =>
    hooks.admit.tap((commit: { message: string }) => refuseIf(/wip/.test(commit.message), 'NOT_YET')),
}

describe('the commits of a service', () => {
  it('are listed newest first, with what became of each', async () => {
    const source = { url: repository, include: ['app/**'] }
    const services = { hello: { source, run: { kind: 'fake' } } }
    const web = await startWeb({ plugins: [gate], config: { services } })
    const commit = (message: string, files: Record<string, string>) =>
      web.git.commit(repository, 'main', files, { message })
    const before = commit('Before', { 'app/a': '0' })
    const first = commit('First', { 'app/a': '1' })
    const kept = await web.seen(({ kind }) => kind === 'deployment.settled')
    const elsewhere = commit('Docs', { 'app/a': '1', docs: '1' })
    await web.seen(({ kind }) => kind === 'commit.skipped')
    const second = commit('wip', { 'app/a': '2' })
    await web.seen(({ kind }) => kind === 'commit.refused')

    const { items, next, unreachable } = await list(web)
    expect([next, unreachable]).toEqual([null, undefined])
    expect(items.map(({ sha, verdict }) => [sha, verdict?.kind, verdict?.code])).toEqual([
      [second, 'refused', 'NOT_YET'],
      [elsewhere, 'skipped', 'NOTHING_TOUCHED'],
      [first, 'admitted', undefined],
      [before, undefined, undefined],
    ])
    expect(items[2]).toMatchObject({ message: 'First', newest: ['test'], runs: ['test'] })
    expect(items[2]!.deployments).toMatchObject([{ id: kept.deployment, host: 'test', outcome: 'kept' }])
    expect(items.filter(({ runs, newest }) => runs.length + newest.length > 0)).toHaveLength(1)
  })

  it('are listed page by page', async () => {
    const web = await startWeb()
    for (let i = 1; i < 5; i++) web.git.commit(repository, 'main', { a: String(i) })
    await push(web)
    const all = shas(await list(web))
    expect(all).toHaveLength(5)
    const found: string[] = []
    for (let next: string | null = ''; next !== null;) {
      const page: CommitPage = await list(web, `?limit=2${next && `&cursor=${next}`}`)
      expect(page.items.length).toBeLessThanOrEqual(2)
      found.push(...shas(page))
      next = page.next
    }
    expect(found).toEqual(all)
    expect((await web.ask(`${path}?cursor=${'e'.repeat(40)}`)).json).toMatchObject({
      status: 400,
      errors: [{ path: 'query.cursor' }],
    })
    expect((await web.ask(`${path}?host=moon`)).json.code).toBe('SERVICE_UNKNOWN')
    expect((await list(web, '?host=test')).items).toHaveLength(5)
  })

  it('show what runs also when the branch was rewritten without it', async () => {
    const web = await startWeb({ plugins: [gate] })
    const root = web.git.commit(repository, 'main', { a: '0' })
    const { sha } = await push(web)
    const rewritten = web.git.commit(repository, 'main', { a: '1' }, { parent: root, message: 'wip' })
    await web.seen(({ kind }) => kind === 'commit.refused')
    const { items } = await list(web)
    expect(items.map((each) => each.sha)).toEqual([rewritten, sha, root])
    expect(items[1]).toMatchObject({ runs: ['test'], verdict: { kind: 'admitted' } })
  })

  it('are told as far as they are kept while the repository is away, with why', async () => {
    const web = await startWeb()
    const { sha } = await push(web)
    web.git.away(repository, 'GIT_UNREACHABLE', 'the cable is cut')
    await web.seen(({ kind }) => kind === 'source.unreachable')
    expect(await list(web)).toMatchObject({
      items: [{ sha, runs: ['test'] }],
      unreachable: { code: 'GIT_UNREACHABLE', reason: 'the cable is cut' },
    })
    web.git.back(repository)
    await web.seen(({ kind }) => kind === 'source.reachable')
    expect((await list(web)).unreachable).toBeUndefined()
  })

  it('are a 503 with the reason while a repository that was never seen is away', async () => {
    const web = await startWeb()
    web.git.away(repository, 'GIT_AUTH', 'the password is wrong')
    await web.seen(({ kind, data }) => kind === 'source.unreachable' && (data as any).code === 'GIT_AUTH')
    expect((await web.ask(path)).json).toMatchObject({
      status: 503,
      code: 'GIT_AUTH',
      detail: 'the password is wrong',
      hint: expect.any(String),
    })
  })
})
