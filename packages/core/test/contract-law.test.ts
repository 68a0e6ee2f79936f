import { tmpdir } from 'node:os'
import { describe, it } from 'vitest'
import { FakeGate } from '../src/testkit/fakes/gate.js'
import { Secret, type CheckTarget, type Knock } from '../src/index.js'
import { FakeForge, fakeHook } from '../src/testkit/fakes/forge.js'
import { FakeProbe } from '../src/testkit/fakes/health-probe.js'
import { FakeRun, FakeRuntime } from '../src/testkit/fakes/runtime.js'
import { FakeSecretStore } from '../src/testkit/fakes/secret-store.js'
import { FakeTelemetry } from '../src/testkit/fakes/telemetry.js'
import { gateLaws } from '../src/testkit/laws/gate.js'
import { forgeLaws } from '../src/testkit/laws/forge.js'
import { healthProbeLaws } from '../src/testkit/laws/health-probe.js'
import { runtimeLaws } from '../src/testkit/laws/runtime.js'
import { secretStoreLaws } from '../src/testkit/laws/secret-store.js'
import { statsLaws } from '../src/testkit/laws/stats.js'
import { telemetryLaws } from '../src/testkit/laws/telemetry.js'

const close = async () => undefined

describe('the fake runtime', () => {
  const make = async () => {
    const runtime = new FakeRuntime()
    const runs = {
      lasts: FakeRun.parse({}),
      fails: FakeRun.parse({ behave: 'fail' }),
      hangs: FakeRun.parse({ behave: 'hang' }),
    }
    const alive = async (service: string) => (runtime.running(service) ? 1 : 0)
    const disturb = async (service: string) => {
      runtime.drift(service, [{ what: 'config', say: 'somebody changed it' }])
      return async () => runtime.drift(service, [])
    }
    const commands = {
      ends: ['3', 'one', 'two'],
      lasts: ['hang', 'began'],
      leaves: ['0', 'left'],
      // One that lasts counts for what it would begin as well; none outlives the process that it is in.
      alive: async () => runtime.underWay.underWay * 2,
    }
    const reopen = async () => {
      await runtime.underWay.close()
      return runtime
    }
    return { runtime, runs, directory: tmpdir(), alive, disturb, commands, reopen, close }
  }
  for (const law of runtimeLaws(make)) it(law.name, law.run)
})

describe('the fake telemetry', () => {
  const make = async () => {
    const telemetry = new FakeTelemetry()
    const print = async (instance: string, stream: 'stdout' | 'stderr', bytes: Uint8Array | string) => {
      telemetry.print('hello', instance, stream, bytes)
      return instance
    }
    return { telemetry, print, close }
  }
  for (const law of telemetryLaws(make)) it(law.name, law.run)
})

describe('what the fake telemetry says is used', () => {
  const make = async () => {
    const telemetry = new FakeTelemetry()
    let count = 0
    const start = async () => {
      const instance = `i${++count}`
      telemetry.use('hello', { instance, cpu: 50, memory: 2 ** 20 })
      return instance
    }
    return { telemetry, start, end: async (instance: string) => telemetry.end(instance), close }
  }
  for (const law of statsLaws(make)) it(law.name, law.run)
})

describe('the fake secret store', () => {
  const make = async () => {
    const store = new FakeSecretStore()
    const keep = async (value: string) => {
      store.values.set('team#token', value)
      return { path: 'team', key: 'token' }
    }
    return { store, keep, nowhere: { path: 'nowhere' }, close }
  }
  for (const law of secretStoreLaws(make)) it(law.name, law.run)
})

describe('the fake probe', () => {
  const make = async () => {
    const probe = new FakeProbe()
    probe.says.set('ill', { state: 'unhealthy', reason: 'as told' }).set('hangs', 'hang')
    const target = (name: string) => ({ name }) as CheckTarget
    const targets = { well: target('well'), ill: target('ill'), hangs: target('hangs') }
    return { probe, ...targets, open: async () => 0, close }
  }
  for (const law of healthProbeLaws(make)) it(law.name, law.run)
})

describe('the fake gate', () => {
  const make = async () => {
    const gate = new FakeGate()
    let count = 0
    const letIn = async (service?: string) => {
      const token = `token-${++count}`
      const rights = ['services:read', 'services:stop', 'events:read'] as const
      gate.holders.set(token, { name: token, rights: [...rights], ...(service && { services: [service] }) })
      return { authorization: `Bearer ${token}` }
    }
    const forget = async ({ authorization = '' }: Knock['headers']) => gate.revoke(authorization.slice(7))
    const refusals = async () => gate.decisions.filter(({ grant }) => !grant.ok).length
    return { gate, let: letIn, forget, refusals, close }
  }
  for (const law of gateLaws(make)) it(law.name, law.run)
})

describe('the fake forge', () => {
  const secret = 'a secret of the fake'
  const make = async () => ({
    forge: new FakeForge(),
    secrets: { secret: new Secret(secret) },
    now: 0,
    proofs: ['x-fake-signature'],
    sign: (body: string | Uint8Array) =>
      fakeHook(secret, typeof body === 'string' ? body : Buffer.from(body)),
    push: (repository: string, branch: string) =>
      fakeHook(secret, { event: 'push', repository, ref: `refs/heads/${branch}` }),
    others: { ping: fakeHook(secret, { event: 'ping', repository: 'x' }) },
    statuses: { api: '/api/v1', says: /success/ },
    close,
  })
  for (const law of forgeLaws(make)) it(law.name, law.run)
})
