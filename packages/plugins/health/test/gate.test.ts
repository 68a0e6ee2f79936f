import { isKind } from '@longshore/core/protocol'
import { FakeProbe, HandClock } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { blind, ill, isVerifying, live, start, well, type Scripted } from './longshore.js'

const ready = { kind: 'script', name: 'ready', every: '2s' }

/** Tells of the instance that runs for the deployment under way. */
function tell(kernel: Scripted, change: object): void {
  const { instance, deployment } = kernel.runtime.running('hello')!
  kernel.runtime.tell({ service: 'hello', host: 'test', instance, deployment, ...change } as never)
}

async function verifying(kernel: Scripted, sha: string): Promise<void> {
  const seen = kernel.seen((event) => event.commit === sha && isVerifying(event))
  const waiting = new AbortController()
  void seen.finally(() => waiting.abort())
  while (!waiting.signal.aborted) await live(kernel.clock, 50)
  await seen
}

const crash = { kind: 'exited', exitCode: 1, signal: null }

describe('a deployment with checks', () => {
  it('is kept as soon as all of them are well', async () => {
    const kernel = await start({ checks: [ready, { ...ready, name: 'other' }] })
    const { outcome, after } = await kernel.settles(kernel.commit())
    expect({ outcome, soon: after < 1_500 }).toEqual({ outcome: 'kept', soon: true })
    expect((await kernel.events('check.healthy')).map(({ data }) => data)).toEqual([
      { check: 'ready' },
      { check: 'other' },
    ])
  })

  it('that begins slowly is looked at each second, and kept when it is well', async () => {
    const script = new FakeProbe()
    script.says.set('ready', [ill, ill, ill, ill, well])
    const kernel = await start({ script, checks: [{ ...ready, every: '1h' }] })
    const { outcome, after } = await kernel.settles(kernel.commit())
    expect(outcome).toBe('kept')
    expect(after).toBeGreaterThanOrEqual(4_000)
    expect(after).toBeLessThan(6_500)
    expect(await kernel.events('check.unhealthy')).toEqual([])
  })

  it('fails when one is ill as often as it may, and what it said is told', async () => {
    const script = new FakeProbe()
    script.says.set('other', ill)
    const kernel = await start({ script, checks: [ready, { ...ready, name: 'other', unhealthyAfter: 3 }] })
    const sha = kernel.commit()
    const { outcome, code, reason, after } = await kernel.settles(sha)
    expect({ outcome, code, reason }).toEqual({
      outcome: 'failed',
      code: 'CHECK_UNHEALTHY',
      reason: 'the check other says: it answers 503',
    })
    // Three regular looks, two seconds apart.
    expect(after).toBeGreaterThan(4_000)
    expect(after).toBeLessThan(8_000)
    const [event] = await kernel.events('check.unhealthy')
    expect(event).toMatchObject({ commit: sha, data: { check: 'other', reason: 'it answers 503' } })
  })

  it('whose target hangs fails at its timeouts', async () => {
    const script = new FakeProbe()
    script.says.set('ready', 'hang')
    const kernel = await start({ script, checks: [{ ...ready, timeout: '1s', unhealthyAfter: 2 }] })
    expect(await kernel.settles(kernel.commit())).toMatchObject({
      outcome: 'failed',
      code: 'CHECK_UNHEALTHY',
    })
  })

  it('fails without a verdict when nobody could look until the window is over', async () => {
    const script = new FakeProbe()
    script.says.set('ready', blind)
    const kernel = await start({ script, checks: [ready], policy: { settle: '5s' } })
    const { code, reason, after } = await kernel.settles(kernel.commit())
    expect({ code, reason }).toEqual({
      code: 'CHECKS_NO_VERDICT',
      reason: 'no verdict within 5 s of ready (nobody could look)',
    })
    expect(after).toBeGreaterThanOrEqual(5_000)
    expect(after).toBeLessThan(8_000)
  })

  it('fails as ill at the end of the window when the last look was', async () => {
    const script = new FakeProbe()
    script.says.set('ready', ill)
    const kernel = await start({ script, checks: [{ ...ready, every: '1h' }], policy: { settle: '5s' } })
    expect(await kernel.settles(kernel.commit())).toMatchObject({ code: 'CHECK_UNHEALTHY' })
  })

  it('has the time that it needs to start beside the window', async () => {
    const script = new FakeProbe()
    script.says.set('ready', [...Array<typeof ill>(12).fill(ill), well])
    const kernel = await start({
      script,
      checks: [{ ...ready, startAfter: '20s', unhealthyAfter: 1 }],
      policy: { settle: '1s' },
    })
    expect(await kernel.settles(kernel.commit())).toMatchObject({ outcome: 'kept' })
  })

  it('is looked at once also without any window', async () => {
    const script = new FakeProbe()
    const kernel = await start({ script, checks: [ready], section: { settle: '0s' } })
    expect(await kernel.settles(kernel.commit())).toMatchObject({ outcome: 'kept' })
    script.says.set('ready', ill)
    expect(await kernel.settles(kernel.commit())).toMatchObject({ code: 'CHECK_UNHEALTHY' })
  })

  it('is not judged by the time in which the machine slept', async () => {
    const script = new FakeProbe()
    script.says.set('ready', blind)
    const kernel = await start({ script, checks: [ready], policy: { settle: '20s' } })
    const sha = kernel.commit()
    await verifying(kernel, sha)
    await live(kernel.clock, 2_000)
    kernel.clock.go(3_600_000)
    await live(kernel.clock, 2_000)
    script.says.set('ready', well)
    expect(await kernel.settles(sha)).toMatchObject({ outcome: 'kept' })
  })

  it('says in its output what is waited for', async () => {
    const script = new FakeProbe()
    script.says.set('ready', [ill, well])
    const kernel = await start({ script, checks: [ready] })
    const { event } = await kernel.settles(kernel.commit())
    const lines: string[] = []
    for await (const frame of kernel.flow.output(event.deployment!, false, new AbortController().signal))
      lines.push(...frame.lines.map(({ bytes }) => Buffer.from(bytes).toString()))
    expect(lines).toEqual(
      expect.arrayContaining([
        'waits until these checks are well, 30 s at most: ready',
        'check ready: it answers 503',
        'check ready: healthy, as scripted',
      ]),
    )
  })

  it('ends at once when something newer is wanted', async () => {
    const script = new FakeProbe()
    script.says.set('ready', blind)
    const kernel = await start({ script, checks: [ready] })
    const sha = kernel.commit()
    await verifying(kernel, sha)
    script.says.set('ready', well)
    const newer = kernel.commit()
    expect(await kernel.settles(newer)).toMatchObject({ outcome: 'kept' })
    const [first] = await kernel.events('deployment.settled')
    expect(first).toMatchObject({ commit: sha, data: { outcome: 'superseded' } })
  })
})

describe('a deployment without checks', () => {
  it('has to stay up for the window: the host’s, or its own', async () => {
    const kernel = await start({ section: { settle: '7s' } })
    const first = await kernel.settles(kernel.commit())
    expect(first.outcome).toBe('kept')
    expect(first.after).toBeGreaterThanOrEqual(7_000)
    expect(first.after).toBeLessThan(10_000)
    const own = await start({ section: { settle: '7s' }, policy: { settle: '3s' } })
    expect((await own.settles(own.commit())).after).toBeLessThan(6_500)
  })

  it('is kept at once where no window is wanted', async () => {
    const kernel = await start({ section: { settle: '0s' } })
    expect((await kernel.settles(kernel.commit())).after).toBeLessThan(2_000)
  })

  it('that repeats what was kept waits for no window; one of another declaration does', async () => {
    const kernel = await start({ section: { settle: '5s' } })
    const sha = kernel.commit()
    const first = await kernel.settles(sha)
    const actor = { kind: 'local', name: 'ines' } as const
    await kernel.flow.request({ kind: 'restart', service: 'hello', host: 'test', actor } as never)
    const again = await kernel.seen(
      (event) => isKind(event, 'deployment.settled') && event.seq > first.event.seq,
    )
    expect(again.data).toMatchObject({ outcome: 'kept' })
    expect(Date.parse(again.time) - Date.parse(first.event.time)).toBeLessThan(4_000)
  })

  it('fails when an instance ends and is not started again', async () => {
    const kernel = await start()
    const sha = kernel.commit()
    await verifying(kernel, sha)
    tell(kernel, crash)
    const { code, reason, after } = await kernel.settles(sha)
    expect(code).toBe('INSTANCE_CRASHED')
    expect(reason).toMatch(/^the instance fake-\w+ ended with exit code 1 and is not started again$/)
    expect(after).toBeLessThan(10_000)
  })

  it('fails when an instance is lost', async () => {
    const kernel = await start()
    const sha = kernel.commit()
    await verifying(kernel, sha)
    tell(kernel, { kind: 'lost', reason: 'its container was removed' })
    expect(await kernel.settles(sha)).toMatchObject({ code: 'INSTANCE_CRASHED' })
  })

  it('survives one end of an instance that is started again, not a second', async () => {
    const kernel = await start({ section: { settle: '10s' } })
    const sha = kernel.commit()
    await verifying(kernel, sha)
    tell(kernel, { ...crash, restartIn: 1_000 })
    await live(kernel.clock, 2_000)
    tell(kernel, { kind: 'started' })
    expect(await kernel.settles(sha)).toMatchObject({ outcome: 'kept' })
    const worse = kernel.commit()
    await verifying(kernel, worse)
    for (let times = 0; times < 2; times++) tell(kernel, { ...crash, restartIn: 1_000 })
    const { code, reason } = await kernel.settles(worse)
    expect(code).toBe('CRASH_LOOP')
    expect(reason).toMatch(/ended with exit code 1, for the second time$/)
  })

  it('survives an end that its engine only tells of late as a restart', async () => {
    const kernel = await start({ section: { settle: '5s' } })
    const sha = kernel.commit()
    await verifying(kernel, sha)
    tell(kernel, crash)
    await live(kernel.clock, 500)
    tell(kernel, { kind: 'started' })
    expect(await kernel.settles(sha)).toMatchObject({ outcome: 'kept' })
  })

  it('survives what ends well and stays away: that had a task', async () => {
    const kernel = await start({ section: { settle: '5s' } })
    const sha = kernel.commit()
    await verifying(kernel, sha)
    tell(kernel, { ...crash, exitCode: 0 })
    expect(await kernel.settles(sha)).toMatchObject({ outcome: 'kept' })
  })
})

describe('a crash', () => {
  it('fails a deployment also while its checks are waited for, with what it printed', async () => {
    const script = new FakeProbe()
    script.says.set('ready', blind)
    const kernel = await start({ script, checks: [ready], run: { print: 'cannot open the database' } })
    const sha = kernel.commit()
    await verifying(kernel, sha)
    tell(kernel, crash)
    expect(await kernel.settles(sha)).toMatchObject({ code: 'INSTANCE_CRASHED' })
  })

  it('before it was looked at counts too', async () => {
    const kernel = await start({ clock: new HandClock() })
    const release = kernel.runtime.hold()
    const sha = kernel.commit()
    await kernel.seen(
      ({ commit, data }) => commit === sha && (data as { phase?: string }).phase === 'applying',
    )
    const { deployment } = kernel.flow.placement('hello', 'test')!
    const instance = { service: 'hello', host: 'test', deployment: deployment!.id, instance: 'i1' }
    kernel.runtime.tell({ kind: 'started', ...instance })
    for (let times = 0; times < 2; times++)
      kernel.runtime.tell({ kind: 'exited', ...instance, exitCode: 1, signal: null, restartIn: 100 })
    await kernel.seen(({ kind }) => kind === 'instance.exited')
    release()
    expect(await kernel.settles(sha)).toMatchObject({ code: 'CRASH_LOOP' })
  })
})
