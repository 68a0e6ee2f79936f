import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  definePlugin,
  systemClock,
  Telemetry,
  type ApplyContext,
  type Command,
  type Exit,
  type LogQuery,
  type Plugin,
  type Verdict,
} from '@longshore/core'
import { FakeRuntime, FakeTelemetry } from '@longshore/core/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CommandCheck, ContainerCheck, LogCheck } from '../src/kinds.js'
import { ContainerProbe } from '../src/probes/container.js'
import { CommandProbe } from '../src/probes/command.js'
import { LogProbe } from '../src/probes/log.js'
import { lateAfter, reasonOf, targetOf } from './hosts.js'
import { live, start, type Scripted } from './longshore.js'

const deployment = '0'.repeat(16)
const placement = { service: 'hello', host: 'test', run: { kind: 'fake' }, instances: [] as object[] }
const flow = { placement: () => placement, deployment: () => Promise.resolve(undefined) } as never

describe('a log check', () => {
  const telemetry = () => new FakeTelemetry()
  function probeOf(fake: FakeTelemetry, now = Date.now) {
    const clock = { now, monotonic: now, sleep: () => Promise.resolve() }
    return new LogProbe({ flow, telemetries: new Map([['fake', fake]]), clock })
  }
  function looks(fake: FakeTelemetry, check: object, now?: () => number) {
    const probe = probeOf(fake, now)
    const target = { ...targetOf({ ...LogCheck.parse(check) }), since: 0 }
    return async () => reasonOf(await probe.check(target, lateAfter(2_000)))
  }

  it('is ill until what is expected is printed, and well from then on', async () => {
    const fake = telemetry()
    const look = looks(fake, { expect: 'listening on \\d+' })
    fake.print('hello', 'i1', 'stdout', 'starting\n')
    expect(await look()).toBe('unhealthy: it has not printed what is expected')
    fake.print('hello', 'i1', 'stderr', 'listening on 8080\n')
    expect(await look()).toBe('healthy')
    fake.print('hello', 'i1', 'stdout', 'more\n')
    expect(await look()).toBe('healthy')
  })

  it('is ill when what must not be printed is: for good, or as long as it says', async () => {
    const fake = telemetry()
    let time = Date.now()
    const [for_, within] = [
      looks(fake, { refuse: '^panic: ' }, () => time),
      looks(fake, { refuse: '^panic: ', within: '10m' }, () => time),
    ]
    fake.print('hello', 'i1', 'stdout', 'no panic: all is well\n')
    expect([await for_(), await within()]).toEqual(['healthy', 'healthy'])
    fake.print('hello', 'i1', 'stderr', 'panic: at the \u001b[31mdisco\n')
    const said = 'unhealthy: it printed what it must not: panic: at the \\u001b[31mdisco'
    expect([await for_(), await within()]).toEqual([said, said])
    time += 601_000
    expect([await for_(), await within()]).toEqual([said, 'healthy'])
  })

  it('reads each line once, also when many bear the same time', async () => {
    const fake = telemetry()
    const asked: LogQuery[] = []
    const logs = fake.logs.bind(fake)
    fake.logs = (query, signal) => {
      asked.push(query)
      return logs(query, signal)
    }
    const look = looks(fake, { refuse: 'bad' })
    for (let round = 0; round < 5; round++) {
      fake.print('hello', 'i1', 'stdout', 'a\nb\nc\n')
      expect(await look()).toBe('healthy')
    }
    fake.print('hello', 'i1', 'stdout', 'bad\n')
    expect(await look()).toMatch(/^unhealthy/)
    expect(asked.slice(1).every(({ since = 0, tail }) => since > 0 && tail === undefined)).toBe(true)
  })

  it('says that it does not know when more is printed than it can read', async () => {
    const fake = telemetry()
    const look = looks(fake, { expect: 'listening' })
    fake.print('hello', 'i1', 'stdout', 'listening\n' + 'noise\n'.repeat(30_000))
    expect(await look()).toBe('unknown: what is expected is not in the last 20000 lines')
    fake.print('hello', 'i1', 'stdout', 'noise\n'.repeat(30_000))
    expect(await look()).toBe('unknown: it prints more than can be looked through in 2 s')
    expect(await look()).toBe('unknown: what is expected is not in the last 20000 lines')
  })

  it('leaves out what another deployment printed last', async () => {
    const fake = telemetry()
    placement.instances = [{ id: 'old', deployment: '1'.repeat(16), state: 'exited' }]
    const look = looks(fake, { refuse: 'bad' })
    fake.print('hello', 'old', 'stdout', 'bad\n')
    expect(await look()).toBe('healthy')
    placement.instances = []
  })

  it('says when nobody tells what is printed, or the expression is none', async () => {
    const probe = new LogProbe({ flow, telemetries: new Map(), clock: undefined as never })
    const verdict = await probe.check(targetOf(LogCheck.parse({ expect: 'x' })), lateAfter(1_000))
    expect(reasonOf(verdict)).toBe('unknown: no plugin tells what services of kind fake print')
    const known = { ...targetOf(LogCheck.parse({ expect: 'x{2000}' })), since: 0 }
    await expect(probeOf(telemetry()).check(known, lateAfter(1_000))).rejects.toMatchObject({
      code: 'CHECK_EXPRESSION',
    })
    for (const wrong of ['(', '(a)\\1', '(?=a)', '(?<!a)b', 'a**', '[z-a]'])
      expect(LogCheck.safeParse({ refuse: wrong }).success, wrong).toBe(false)
    for (const right of [
      '(?i)panic|fatal',
      '\\bOOM\\b',
      '(?P<code>5\\d\\d)',
      '\\Q(\\E',
      '[[:alpha:]]+',
      '\\pL',
      '(?s:.)',
    ])
      expect(LogCheck.safeParse({ refuse: right }).error, right).toBeUndefined()
    expect(LogCheck.safeParse({}).success).toBe(false)
  })
})

/** Commands that print their words and end with the exit code that the first one is; `hang` does until it is told to end. */
class CommandRuntime extends FakeRuntime {
  override readonly supports = { keepsOld: true, runs: ['checkout', 'instance'] as const }
  override readonly commands: Command<any>[] = []
  /** Resolves when a command that was told to end is gone. */
  lingers: Promise<void> = Promise.resolve()

  override async run(command: Command, { signal, output }: ApplyContext): Promise<Exit> {
    this.commands.push(command)
    const [how, ...lines] = command.argv
    for (const line of lines) await output.write('stdout', `${line}\n`)
    if (how === 'broken') throw new Error('no such command')
    if (how === 'hang') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      await this.lingers
      throw signal.reason
    }
    return { exitCode: Number(how), signal: null }
  }
}

describe('a command check', () => {
  async function probeOf(runtimes: Record<string, FakeRuntime>) {
    const directory = await mkdtemp(join(tmpdir(), 'longshore-health-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const config = { current: () => ({ services: { hello: { run: { kind: 'fake' } } } }) } as never
    const parts = { flow, config, secrets: undefined as never, runtimes: new Map(Object.entries(runtimes)) }
    const probe = new CommandProbe(parts)
    return (check: object, timeout = 2_000): Promise<Verdict> =>
      probe.check({ ...targetOf({ ...CommandCheck.parse(check), timeout }), directory }, lateAfter(timeout))
  }

  it('is judged by how the command ends, with its last lines', async () => {
    const runtime = new CommandRuntime()
    const look = await probeOf({ command: runtime })
    expect(await look({ argv: ['0'] })).toMatchObject({ state: 'healthy', say: 'it ended with exit code 0' })
    const verdict = await look({ argv: ['3', 'one', 'two', 'three', 'four'] })
    expect(reasonOf(verdict)).toBe('unhealthy: it ended with exit code 3: two / three / four')
    expect(await look({ argv: ['3'], expect: { exitCode: 3 } })).toMatchObject({ state: 'healthy' })
    expect(runtime.commands[0]).toMatchObject({
      service: 'hello',
      argv: ['0'],
      in: { kind: 'checkout' },
      env: { LONGSHORE_SERVICE: 'hello', LONGSHORE_DEPLOYMENT: deployment },
    })
  })

  it('runs in an instance by the runtime of what runs', async () => {
    const [host, own] = [new CommandRuntime(), new CommandRuntime()]
    const look = await probeOf({ command: host, fake: own })
    await look({ argv: ['0'], in: 'instance', service: 'web' })
    expect(host.commands).toEqual([])
    expect(own.commands[0]).toMatchObject({ in: { kind: 'instance', service: 'web' } })
  })

  it('is ill when the command does not end in time, and begins no second one before it is gone', async () => {
    const runtime = new CommandRuntime()
    let gone!: () => void
    runtime.lingers = new Promise((resolve) => (gone = resolve))
    const look = await probeOf({ command: runtime })
    const first = look({ argv: ['hang', 'waiting for the lock'] }, 100)
    await expect.poll(() => runtime.commands.length).toBe(1)
    expect(reasonOf(await look({ argv: ['0'] }))).toBe(
      'unknown: the command of the last look has not ended yet',
    )
    gone()
    expect(reasonOf(await first)).toBe('unhealthy: it did not end within 100 ms: waiting for the lock')
    expect(await look({ argv: ['0'] })).toMatchObject({ state: 'healthy' })
  })

  it('says when nobody can run it', async () => {
    const fake = Object.assign(new FakeRuntime(), { supports: { keepsOld: true } })
    const look = await probeOf({ fake })
    expect(reasonOf(await look({ argv: ['0'] }))).toBe('unknown: no command can be run in a checkout')
    expect(reasonOf(await look({ argv: ['0'], in: 'instance' }))).toBe(
      'unknown: no command can be run in services of kind fake',
    )
    const broken = await probeOf({ command: new CommandRuntime() })
    expect(reasonOf(await broken({ argv: ['broken'] }))).toBe('unknown: no such command')
  })
})

describe('a check of what the runtime knows', () => {
  const last = (kernel: Scripted) => kernel.flow.placement('hello', 'test')!.checks?.[0]
  function tell(kernel: Scripted, change: object): void {
    const { instance, deployment: own } = kernel.runtime.running('hello')!
    kernel.runtime.tell({ service: 'hello', host: 'test', instance, deployment: own, ...change } as never)
  }
  const checks = [{ kind: 'container', every: '1s', unhealthyAfter: 1 }]

  it('is well while instances run, and ill when one does not, or differs', async () => {
    const kernel = await start({ checks, policy: { drift: 'report' } })
    expect(await kernel.settles(kernel.commit())).toMatchObject({ outcome: 'kept' })
    expect(last(kernel)).toMatchObject({ check: 'container', healthy: true })
    kernel.runtime.drift('hello', [{ what: 'unhealthy', instance: 'web', say: 'web is unhealthy' }])
    await live(kernel.clock, 1_500)
    expect(last(kernel)).toMatchObject({ healthy: false, reason: 'web is unhealthy' })
    kernel.runtime.drift('hello', [])
    await live(kernel.clock, 1_500)
    expect(last(kernel)).toMatchObject({ healthy: true })
    tell(kernel, { kind: 'exited', exitCode: 1, signal: null, restartIn: 1_000 })
    await live(kernel.clock, 1_500)
    expect(last(kernel)).toMatchObject({
      healthy: false,
      reason: expect.stringMatching(/ended with exit code 1 and is started again$/) as string,
    })
  })

  it('counts what did not change and goes on, of whichever deployment it is', async () => {
    const since = new Date().toISOString()
    placement.instances = [{ id: 'i1', deployment: '1'.repeat(16), state: 'running', since }]
    const probe = new ContainerProbe(flow, systemClock)
    expect(await probe.check(targetOf(ContainerCheck.parse({})))).toEqual({
      state: 'healthy',
      say: 'it runs',
    })
    placement.instances = []
    expect(reasonOf(await probe.check(targetOf(ContainerCheck.parse({}))))).toBe(
      'unknown: no instance is known yet',
    )
  })

  it('waits until it has run for as long as it should', async () => {
    const kernel = await start({ checks: [{ ...checks[0], for: '10s' }] })
    const { outcome, after } = await kernel.settles(kernel.commit())
    expect(outcome).toBe('kept')
    expect(after).toBeGreaterThanOrEqual(9_900)
    expect(after).toBeLessThan(14_000)
  })
})

describe('the evidence of a deployment that failed', () => {
  it('is what the checks said and what was printed last', async () => {
    const fake = new FakeTelemetry()
    const telemetry = definePlugin({
      name: 'fake-telemetry',
      provides: [Telemetry],
      setup: ({ provide }) => provide(Telemetry, 'fake', fake),
    })
    const kernel = await start({
      plugins: [telemetry as Plugin],
      checks: [{ kind: 'script', name: 'ready', every: '1s' }],
    })
    kernel.script.says.set('ready', { state: 'unhealthy', reason: 'it answers 503' })
    const sha = kernel.commit()
    await kernel.seen(({ kind }) => kind === 'instance.started')
    const { instance } = kernel.runtime.running('hello')!
    for (let line = 0; line < 30; line++)
      fake.print('hello', instance, 'stdout', `line ${line} ${'x'.repeat(900)}\n`)
    await kernel.settles(sha)
    const [placed] = await kernel.events('quarantine.placed')
    const { evidence } = placed!.data as { evidence: string[] }
    expect(evidence).toHaveLength(21)
    expect(evidence[0]).toBe('check ready: it answers 503')
    expect(evidence[1]).toMatch(/^line 10 x+$/)
    expect(evidence.at(-1)).toMatch(/^line 29 x+$/)
    expect(Math.max(...evidence.map(({ length }) => length))).toBe(500)
  })
})
