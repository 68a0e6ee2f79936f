import { pollActor, systemActor, type Actor, type Commit, type EventDraft } from '../../protocol/index.js'
import { randomOf } from '../random.js'

const services = ['api', 'web', 'worker']
const hosts = ['test', 'test', 'box-2']
const ines: Actor = { kind: 'user', name: 'ines' }
const trouble = { code: 'E_MADE', reason: 'it was made to fail' }
const digests = ['d'.repeat(64), 'e'.repeat(64)]

type Pick = <T>(from: readonly T[]) => T

function commitFor(pick: Pick): Commit {
  const sha = pick(['1', '2', '3', '4', '5', '6']).repeat(40)
  return { sha, author: 'Ines', time: '2026-01-01T00:00:00.000Z', message: `Change\n\n${sha}`, parents: [] }
}

/** What may be told of a service: each kind with data of its shape. */
const told: Record<string, (pick: Pick) => { data: object; commit?: string }> = {
  'service.declared': declared,
  'service.changed': declared,
  'service.removed': () => ({ data: {} }),
  'service.ended': () => ({ data: { because: 'held' } }),
  'service.stuck': () => ({ data: trouble }),
  'commit.seen': (pick) => withCommit(pick, { forced: false }),
  'commit.admitted': (pick) => withCommit(pick, { held: false }),
  'commit.waiting': (pick) => withCommit(pick, trouble),
  'commit.refused': (pick) => withCommit(pick, trouble),
  'deployment.queued': (pick) =>
    withCommit(pick, { trigger: pick(['commit', 'drift'] as const), digest: pick(digests), runtime: 'fake' }),
  'deployment.started': () => ({ data: { phase: 'fetching' } }),
  'deployment.entered': (pick) => ({ data: { phase: pick(['planning', 'applying', 'verifying']) } }),
  'deployment.settled': (pick) => ({
    data: { outcome: pick(['kept', 'kept', 'failed', 'rolledBack']), runs: pick([true, false]), phases: [] },
  }),
  'instance.started': (pick) => ({ data: { instance: pick(['i-1', 'i-2']), pid: 7 } }),
  'instance.exited': (pick) => ({ data: { instance: pick(['i-1', 'i-2']), exitCode: 1, signal: null } }),
  'instance.lost': (pick) => ({ data: { instance: pick(['i-1', 'i-2']), reason: 'it is gone' } }),
  'drift.found': () => ({ data: { differences: [{ what: 'config', say: 'another image' }] } }),
  'drift.healed': () => ({ data: {} }),
  'drift.gaveUp': () => ({ data: { tries: 3 } }),
  'hold.placed': () => ({ data: {} }),
  'hold.released': () => ({ data: {} }),
  'quarantine.placed': (pick) => ({
    data: { descendants: pick([true, false]) },
    commit: commitFor(pick).sha,
  }),
  'quarantine.lifted': (pick) => ({ data: {}, commit: commitFor(pick).sha }),
  'pin.placed': (pick) => withCommit(pick, {}),
  'pin.removed': () => ({ data: {} }),
  'check.healthy': () => ({ data: { check: 'http' } }),
  'check.unhealthy': () => ({ data: { check: 'http', reason: '500' } }),
  'source.unreachable': () => ({ data: trouble }),
  'source.reachable': () => ({ data: {} }),
}

function declared(pick: Pick) {
  const source = { url: pick(['https://git.example/a.git', 'https://git.example/b.git']), ref: 'main' }
  return { data: { source, run: { kind: 'fake' }, digest: pick(digests) } }
}

function withCommit(pick: Pick, data: object) {
  const commit = commitFor(pick)
  return { data: { commit, ...data }, commit: commit.sha }
}

const engine = { engine: 'fake', kinds: ['fake'] }

/** So many facts of several services on two hosts, as a seed has them; the first ones declare the services. */
export function* madeHistory(count: number, seed: number): Generator<EventDraft> {
  const random = randomOf(seed)
  const pick: Pick = (from) => from[random(from.length)]!
  const actors = [ines, pollActor, systemActor]
  for (const host of ['test', 'box-2'])
    for (const service of services)
      yield { kind: 'service.declared', service, host, actor: systemActor, ...declared(pick) }
  for (let number = 0; number < count; number++) {
    const host = pick(hosts)
    const actor = pick(actors)
    if (random(12) === 0) {
      const away = pick([true, false])
      const data = away ? { ...engine, ...trouble } : engine
      yield { kind: away ? 'engine.away' : 'engine.back', host, actor: systemActor, data }
      continue
    }
    const kind = pick(Object.keys(told))
    const service = pick(services)
    const deployment = /^(deployment|instance|check)\./.test(kind)
      ? `${services.indexOf(service)}${pick(['a', 'b'])}`.padEnd(16, '0')
      : undefined
    yield {
      kind,
      service,
      host,
      actor,
      why: pick([undefined, 'it is too loud']),
      deployment,
      ...told[kind]!(pick),
    }
  }
}
