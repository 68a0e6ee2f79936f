import { describe, expect, it } from 'vitest'
import type { Actor } from '@longshore/core/protocol'
import { randomOf } from '@longshore/core/testkit'
import { push, repository, startWeb, type Web } from './start.js'

const ines: Actor = { kind: 'local', name: 'ines' }
const seeds = [1, 2, 3, 4, 5, 6]

interface List {
  path: string
  /** What makes an item the same one. */
  id: string
  /** Items of a page: less than a write adds, or a list that grows at its end would never be read to it. */
  limit: [least: number, most: number]
  start(): Promise<Web>
  write(web: Web, random: (below: number) => number): Promise<unknown>
}

const service = { source: { url: repository }, run: { kind: 'fake' } }
const names = 'abcdefghijklmnop'.split('')

function declaring(random: (below: number) => number): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((_, index) => index % 3 === 0 || random(3) > 0).map((name) => [name, service]),
  )
}

async function withDeployments(count: number): Promise<Web> {
  const web = await startWeb()
  for (let number = 0; number < count; number++) await push(web, String(number))
  return web
}

async function restart(web: Web): Promise<void> {
  const { deployment } = await web.flow.request({ kind: 'restart', service: 'hello', actor: ines })
  await web.seen((event) => event.kind === 'deployment.settled' && event.deployment === deployment)
}

const reachable = { kind: 'source.reachable' as const, service: 'hello', actor: ines, data: {} }
const record = async ({ journal }: Web, count: number) =>
  journal.record(...Array.from({ length: count }, () => reachable))

const lists: Record<string, List> = {
  services: {
    path: '/services',
    id: 'name',
    limit: [1, 4],
    start: () => startWeb({ config: { services: declaring(randomOf(99)) } }),
    write: ({ kernel }, random) => {
      const value = { version: 1, host: 'test', services: declaring(random), web: { listen: '127.0.0.1:0' } }
      return kernel.reconfigure({ file: 'test', value })
    },
  },
  deployments: {
    path: '/services/hello/deployments',
    id: 'id',
    limit: [1, 3],
    start: () => withDeployments(6),
    write: (web, random) => (random(2) === 0 ? restart(web) : push(web, `more ${random(1e9)}`)),
  },
  commits: {
    path: '/services/hello/commits',
    id: 'sha',
    limit: [1, 3],
    start: () => withDeployments(6),
    write: (web, random) => (random(3) === 0 ? restart(web) : push(web, `more ${random(1e9)}`)),
  },
  'events, newest first': {
    path: '/events',
    id: 'seq',
    limit: [1, 7],
    start: () => withDeployments(2),
    write: (web, random) => record(web, 1 + random(3)),
  },
  'events, oldest first': {
    path: '/events?after=0',
    id: 'seq',
    limit: [4, 9],
    start: () => withDeployments(2),
    write: (web, random) => record(web, 1 + random(3)),
  },
  'events of a service and kind': {
    path: '/events?service=hello&kind=source.reachable',
    id: 'seq',
    limit: [1, 4],
    async start() {
      const web = await withDeployments(1)
      await record(web, 12)
      return web
    },
    write: (web, random) => (random(2) === 0 ? record(web, 2) : push(web, `more ${random(1e9)}`)),
  },
}

/** The ids of one page, and the cursor of the one after it. */
async function page(web: Web, { path, id }: List, limit: number, cursor?: string) {
  // A cursor takes the place of where the list begins.
  const bare = cursor === undefined ? path : path.replace(/\?after=0$/, '')
  const query = `limit=${limit}${cursor === undefined ? '' : `&cursor=${cursor}`}`
  const { status, json } = await web.ask(`/api/v1${bare}${bare.includes('?') ? '&' : '?'}${query}`)
  expect(status, JSON.stringify(json)).toBe(200)
  return { ids: json.items.map((item: any) => item[id]) as unknown[], next: json.next as string | null }
}

describe.each(Object.entries(lists))('pages of %s while it is written', (_, list) => {
  it.each(seeds)('show nothing twice, and all that was there all the time (history %i)', async (seed) => {
    const random = randomOf(seed)
    const web = await list.start()
    const [least, most] = list.limit
    let stayed = (await page(web, list, 1000)).ids
    const seen: unknown[] = []
    for (let cursor: string | undefined; ;) {
      const { ids, next } = await page(web, list, least + random(most - least + 1), cursor)
      seen.push(...ids)
      if (next === null) break
      cursor = next
      await list.write(web, random)
      const there = new Set((await page(web, list, 1000)).ids)
      stayed = stayed.filter((each) => there.has(each))
    }
    expect(seen).toHaveLength(new Set(seen).size)
    expect(stayed.length).toBeGreaterThan(2)
    expect(seen).toEqual(expect.arrayContaining(stayed))
  })
})
