import { definePlugin, Runtime, type Plugin } from '@longshore/core'
import { FakeRuntime, startTestKernel, verifyPlugin, type TestKernel } from '@longshore/core/testkit'
import type { Event } from '@longshore/core/protocol'
import steps from '@longshore/steps'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const url = 'https://git.example/team/hello.git'
const ines = { kind: 'user', name: 'ines' } as const

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(steps as Plugin)) it(name, run)
})

let kernel!: TestKernel
/** What runs commands in checkouts. */
let checkouts: FakeRuntime

beforeEach(() => {
  checkouts = new FakeRuntime()
})
afterEach(async () => {
  // Those that verify it start their own.
  await kernel?.stop()
})

async function start(policy: object, settle?: Plugin): Promise<void> {
  const command = definePlugin({
    name: 'fake-command',
    provides: [Runtime],
    setup: ({ provide }) => provide(Runtime, 'command', checkouts),
  })
  const services = { hello: { source: { url }, run: { kind: 'fake', timeout: '30s' }, policy } }
  const plugins = [steps, command, ...(settle ? [settle] : [])] as Plugin[]
  kernel = await startTestKernel({ plugins, config: { services } })
}

async function push(): Promise<Event> {
  const sha = kernel.git.commit(url, 'main', { a: String(kernel.journal.last()) })
  return kernel.seen(({ kind, commit }) => kind === 'deployment.settled' && commit === sha)
}

const words = (runtime: FakeRuntime) => runtime.commands.map(({ argv }) => argv.join(' '))
const inContainer = (...run: string[]) => ({ run, in: 'container' })

async function output(deployment: string): Promise<string> {
  let text = ''
  for await (const { lines } of kernel.flow.output(deployment, false, AbortSignal.timeout(10_000)))
    for (const { bytes } of lines) text += `${Buffer.from(bytes).toString()}\n`
  return text
}

describe('steps before a deployment', () => {
  it('run in order, each in its place, and then what they are for is deployed', async () => {
    await start({
      before: [
        inContainer('0', 'one'),
        { run: ['0', 'two'] },
        { run: ['0'], in: 'web', timeout: '7s' },
        { run: ['0'], in: 'instance:web' },
      ],
    })
    const { deployment, data } = await push()
    expect(data).toMatchObject({ outcome: 'kept' })
    expect(await output(deployment!)).toMatch(/before 1\/4: 0 one\none\nbefore 2\/4: 0 two\ntwo\n/)
    expect(words(checkouts)).toEqual(['0 two'])
    const places = kernel.runtime.commands.map((each) => each.in)
    const web = { service: 'web' }
    expect(places).toEqual([
      { kind: 'container' },
      { kind: 'container', ...web },
      { kind: 'instance', ...web },
    ])
    const [first, second] = kernel.runtime.commands
    expect(second!.timeout).toBe(7_000)
    // Of 5 minutes there is only what the deployment has.
    expect(first!.timeout).toBeLessThanOrEqual(30_000)
    expect(kernel.runtime.running('hello')?.deployment).toBe(deployment)
  })

  it('that fails ends the deployment: the host is not touched, and nothing behind it runs', async () => {
    await start({ before: [inContainer('3', 'it broke'), inContainer('0', 'never')] })
    const { data, deployment } = await push()
    expect(data).toMatchObject({
      outcome: 'failed',
      code: 'STEP_FAILED',
      reason: 'before 1/2 (3 it broke) ended with exit code 3: it broke',
    })
    expect(await output(deployment!)).not.toContain('never')
    expect(words(kernel.runtime)).toEqual(['3 it broke'])
    expect(kernel.runtime.applied).toEqual([])
  })

  it('that hangs is ended at its timeout', async () => {
    await start({ before: [{ ...inContainer('hang', 'waits'), timeout: '1s' }] })
    const { data } = await push()
    const reason = expect.stringMatching(/took longer than 1000 ms.*waits/) as string
    expect(data).toMatchObject({ outcome: 'failed', code: 'STEP_TIMEOUT', reason })
    expect(kernel.runtime.underWay.underWay).toBe(0)
  })

  it('that hangs is ended by a newer commit, and gone before that one’s begin', async () => {
    await start({ before: [inContainer('hang', 'waits')] })
    const first = kernel.git.commit(url, 'main', { a: '1' })
    const began = async (count: number) => {
      while (kernel.runtime.commands.length < count) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await began(1)
    kernel.git.commit(url, 'main', { a: '2' })
    const { data } = await kernel.seen(
      (event) => event.kind === 'deployment.settled' && event.commit === first,
    )
    expect(data).toMatchObject({ outcome: 'superseded' })
    await began(2)
    expect(kernel.runtime.underWay.underWay).toBe(1)
  })

  it('that prints a secret does not bring it into the event', async () => {
    await start({ before: [inContainer('1', 'password hunter2 is wrong')] })
    kernel.secrets.values.set('db', 'hunter2')
    const { run } = kernel.runtime
    // As a runtime does that gives variables to a command.
    kernel.runtime.run = async (command, context) => {
      await context.secret({ secret: 'fake:db' })
      return run.call(kernel.runtime, command, context)
    }
    const { data } = await push()
    expect(data).toMatchObject({ reason: expect.stringMatching(/: password \[secret\] is wrong$/) as string })
  })

  it('do not run for what repeats a deployment: a restart, a rollback, what comes back', async () => {
    await start({ before: [inContainer('0', 'before')], after: [inContainer('0', 'after')] })
    const settled = (trigger: string) =>
      kernel.seen(({ kind, deployment }) => {
        const queued = kernel.journal.last() > 0 && kind === 'deployment.settled'
        return queued && triggers.get(deployment!) === trigger
      })
    const triggers = new Map<string, string>()
    const following = new AbortController()
    void (async () => {
      for await (const events of kernel.journal.follow(0, following.signal))
        for (const { kind, deployment, data } of events)
          if (kind === 'deployment.queued') triggers.set(deployment!, (data as { trigger: string }).trigger)
    })()
    await push()
    await push()
    expect(words(kernel.runtime)).toEqual(['0 before', '0 after', '0 before', '0 after'])
    await kernel.flow.request({ kind: 'restart', service: 'hello', actor: ines })
    await settled('restart')
    await kernel.flow.request({ kind: 'rollback', service: 'hello', actor: ines })
    await settled('rollback')
    kernel.runtime.drift('hello', [{ what: 'config', say: 'somebody changed it' }])
    await settled('drift')
    expect(kernel.runtime.commands).toHaveLength(4)
    await kernel.flow.request({ kind: 'deploy', service: 'hello', actor: ines })
    await settled('operator')
    expect(kernel.runtime.commands).toHaveLength(6)
    following.abort()
  })
})

describe('steps after a deployment', () => {
  const refusing = definePlugin({
    name: 'judge',
    setup: ({ hooks }) =>
      void hooks.settle.tap(() => ({ keep: false, code: 'ILL', reason: 'it is ill' }) as const),
  }) as Plugin
  const keeping = definePlugin({
    name: 'judge',
    setup: ({ hooks }) => void hooks.settle.tap(() => ({ keep: true }) as const),
  }) as Plugin

  it('run once nobody refused it, whoever said that it is kept', async () => {
    const after = [inContainer('0', 'one'), inContainer('0', 'two')]
    await start({ after }, keeping)
    const { data } = await push()
    expect(data).toMatchObject({ outcome: 'kept' })
    expect(words(kernel.runtime)).toEqual(['0 one', '0 two'])
    await kernel.stop()
    await start({ after }, refusing)
    await push()
    expect(kernel.runtime.commands).toEqual([])
  })

  it('that fail change nothing of it, and people are told', async () => {
    await start({ after: [inContainer('0'), inContainer('7', 'no answer'), inContainer('0', 'never')] })
    const { data, deployment } = await push()
    expect(data).toMatchObject({ outcome: 'kept' })
    const reason = 'after 2/3 (7 no answer) ended with exit code 7: no answer'
    const told = await kernel.seen(({ kind }) => kind === 'step.failed')
    expect(told).toMatchObject({
      service: 'hello',
      deployment,
      data: { step: 2, of: 3, code: 'STEP_FAILED', reason },
    })
    expect(await output(deployment!)).toContain(
      `${reason}. What was deployed stays; the step behind it did not run\n`,
    )
    expect(words(kernel.runtime)).toHaveLength(2)
  })
})

describe('the policy of a service', () => {
  it('names where steps run, and how long they may take', async () => {
    await start({})
    for (const [key, step] of [
      ['in', { run: ['true'], in: '../elsewhere' }],
      ['run', { run: [] }],
      ['timeout', { run: ['true'], timeout: '5' }],
    ] as const) {
      const config = {
        services: { hello: { source: { url }, run: { kind: 'fake' }, policy: { before: [step] } } },
      }
      await expect(startTestKernel({ plugins: [steps as Plugin], config })).rejects.toThrow(`before.0.${key}`)
    }
  })
})
