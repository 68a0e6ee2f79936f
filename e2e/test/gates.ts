import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { GitRepository } from '@longshore/core/testkit'
import type { Longshore } from './longshore.mjs'
import { freePort, gitPlace, longshoreAt } from './place.js'
import { until } from './until.mjs'

/** A run kind, as far as the outcomes of a gate need it. */
export interface GateKind {
  run: object
  /** Sections of the config that it needs. */
  config?: () => object
  /** What runs until it is ended. */
  good(version: string): Record<string, string>
  /** What ends by itself again and again, some while after each start. */
  crashing(version: string): Record<string, string>
  /** The commits that really run, each once per instance. */
  running(longshore: Longshore): Promise<string[]>
}

/** Whoever is asked whether the service is well: the test says what it answers. */
async function endpoint() {
  const manners = { status: 200 }
  const server = createServer((_, response) => void response.writeHead(manners.status).end('told'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  return { manners, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

interface Place {
  longshore: Longshore
  repository: GitRepository
  manners: { status: number }
  /** Pushes and answers the commit. */
  push(tree: Record<string, string>): Promise<string>
  /** The service's deployments of a commit that have settled, oldest first. */
  settled(sha: string): Promise<any[]>
}

async function place(
  gate: GateKind,
  { checks, policy }: { checks?: object[]; policy?: object },
): Promise<Place> {
  const { repository, url } = await gitPlace('app')
  const { manners, url: health } = await endpoint()
  const ready = { kind: 'http', name: 'ready', url: health, every: '1s', unhealthyAfter: 2 }
  const longshore = await longshoreAt({
    ...gate.config?.(),
    services: {
      app: {
        source: { url, poll: '500ms' },
        run: gate.run,
        checks: checks ?? [ready],
        policy: { settle: '20s', ...policy },
      },
    },
  })
  // Before the engine goes, on which it may run.
  onTestFinished(async () => {
    await longshore.ask('POST', '/services/app/stop', { why: 'the test ends' })
    await until('it has ended', 30_000, async () => !(await longshore.service('app')).running)
  })
  await longshore.start()
  return {
    longshore,
    repository,
    manners,
    push: (tree) => repository.commit('main', tree),
    settled: async (sha) =>
      (await longshore.events('kind=deployment.settled')).filter(({ commit }) => commit === sha),
  }
}

const unreachable = async () => ({
  kind: 'http',
  name: 'ready',
  url: `http://127.0.0.1:${await freePort()}/`,
  every: '1s',
  unhealthyAfter: 2,
})

/** The commit was rolled back to that one and barred with a reason; nothing else was done. */
async function rolledBack({ longshore, settled }: Place, bad: string, good: string, code: string) {
  await longshore.runs('app', good)
  const placement = await longshore.until('app', 'is barred', ({ quarantines }) => quarantines.length === 1)
  expect(placement.quarantines).toMatchObject([{ sha: bad, by: { kind: 'system' } }])
  expect((await settled(bad)).map(({ data }) => [data.outcome, data.code])).toEqual([['rolledBack', code]])
  expect((await settled(good)).map(({ data }) => data.outcome)).toEqual(['kept', 'kept'])
}

const outcomes: Record<string, (gate: GateKind) => Promise<void>> = {
  'healthy: it is kept': async (gate) => {
    const { longshore, push } = await place(gate, {})
    const sha = await push(gate.good('one'))
    await longshore.runs('app', sha)
    expect(await longshore.service('app')).toMatchObject({ state: 'healthy', quarantines: [] })
    expect(await gate.running(longshore)).toEqual([sha])
  },

  'unhealthy: it is rolled back and barred with what the check said': async (gate) => {
    const at = await place(gate, {})
    const good = await at.push(gate.good('one'))
    await at.longshore.runs('app', good)
    at.manners.status = 500
    const bad = await at.push(gate.good('two'))
    await at.longshore.until('app', 'is barred', ({ quarantines }) => quarantines.length === 1)
    at.manners.status = 200
    await rolledBack(at, bad, good, 'CHECK_UNHEALTHY')
    const [placed] = await at.longshore.events('kind=quarantine.placed')
    expect(placed.data.evidence.join('\n')).toMatch(/ready: .*500/)
    expect(await gate.running(at.longshore)).toEqual([good])
  },

  'it crashes again and again: it is rolled back': async (gate) => {
    const at = await place(gate, { checks: [], policy: { settle: '10s' } })
    const good = await at.push(gate.good('one'))
    await at.longshore.runs('app', good, 90_000)
    const bad = await at.push(gate.crashing('two'))
    await at.longshore.until('app', 'is barred', ({ quarantines }) => quarantines.length === 1)
    await rolledBack(at, bad, good, 'CRASH_LOOP')
    expect(await gate.running(at.longshore)).toEqual([good])
  },

  'no verdict until the window ends: that is no health': async (gate) => {
    const { url } = await endpoint()
    const check = { kind: 'http', name: 'ready', url, every: '1s', healthyAfter: 50 }
    const at = await place(gate, { checks: [check], policy: { settle: '4s' } })
    const first = await at.push(gate.good('one'))
    await at.longshore.until('app', 'has ended', ({ last }) => last?.outcome === 'failed')
    expect((await at.settled(first)).map(({ data }) => data.code)).toEqual(['CHECKS_NO_VERDICT'])
  },

  'the rollback fails too: it stops there and says so': async (gate) => {
    const at = await place(gate, {})
    const good = await at.push(gate.good('one'))
    await at.longshore.runs('app', good)
    at.manners.status = 500
    const bad = await at.push(gate.good('two'))
    const failed = await at.longshore.until(
      'app',
      'went back in vain',
      ({ last, deployment }) => last?.commit.sha === good && last.outcome === 'failed' && !deployment,
    )
    expect(failed).toMatchObject({ state: 'failing', running: { commit: { sha: good } } })
    expect((await at.settled(bad)).map(({ data }) => data.outcome)).toEqual(['rolledBack'])
    expect((await at.settled(good)).map(({ data }) => data.outcome)).toEqual(['kept', 'failed'])
    expect(await gate.running(at.longshore)).toEqual([good])
  },

  'nothing to roll back to: it ends and says why': async (gate) => {
    const at = await place(gate, {})
    at.manners.status = 500
    const bad = await at.push(gate.good('one'))
    const ended = await at.longshore.until('app', 'has ended', ({ last, running }) => last && !running)
    expect(ended.why).toMatch(/does not run.*barred.*500.*Nothing was kept before/)
    expect((await at.settled(bad)).map(({ data }) => data.outcome)).toEqual(['failed'])
    await until('nothing of it is left', 30_000, async () => (await gate.running(at.longshore)).length === 0)
  },

  "the check's target cannot be reached: that is no health": async (gate) => {
    const at = await place(gate, { checks: [await unreachable()] })
    await at.push(gate.good('one'))
    const ended = await at.longshore.until('app', 'has ended', ({ last, running }) => last && !running)
    expect(ended.last).toMatchObject({ outcome: 'failed', code: 'CHECK_UNHEALTHY' })
    expect(ended.why).toMatch(/refused/)
  },

  'Longshore is killed while it verifies: the next one judges it': async (gate) => {
    const at = await place(gate, {})
    const good = await at.push(gate.good('one'))
    await at.longshore.runs('app', good)
    let before = good
    for (const [version, fate] of [
      ['two', 200],
      ['three', 500],
    ] as const) {
      at.manners.status = 503
      const sha = await at.push(gate.good(version))
      await at.longshore.until(
        'app',
        'is verified',
        ({ deployment }) => deployment?.commit.sha === sha && deployment.phase === 'verifying',
      )
      await at.longshore.kill()
      at.manners.status = fate
      await at.longshore.start()
      if (fate === 200) {
        await at.longshore.runs('app', sha)
        expect(await gate.running(at.longshore)).toEqual([sha])
        before = sha
        continue
      }
      await at.longshore.until('app', 'is barred', ({ quarantines }) => quarantines.length === 1)
      at.manners.status = 200
      const placement = await at.longshore.until(
        'app',
        'is back',
        ({ running, deployment }) => running && !deployment,
      )
      expect(placement.quarantines).toMatchObject([{ sha }])
      await until(
        'only what was kept runs',
        30_000,
        async () => (await gate.running(at.longshore)).join() === before,
      )
    }
  },
}

/** Every outcome of a gate, for one run kind. */
export function gateOutcomes(gate: GateKind): void {
  for (const [outcome, look] of Object.entries(outcomes))
    test(outcome, { timeout: 180_000 }, () => look(gate))
}
