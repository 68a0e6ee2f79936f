import { expect, it } from 'vitest'
import { reconfigure } from '../src/longshore.js'
import { why, type DriftPolicy } from '../src/protocol/index.js'
import { FakeGit, HandClock } from '../src/testkit/index.js'
import { after, all, config, differences, others, placement, runs, state, workedOff } from './drifting.js'
import { ines, of, settled, start, url, world } from './start.js'

it('heals what drifted: told once, the same commit again with the images that it used, and healed is told', async () => {
  const kernel = await runs()
  const { runtime, seen, sha, flow } = kernel
  const made = runtime.applied[0]!.made ?? (await flow.deployment(kernel.first))!.made
  runtime.drift('hello', differences)
  runtime.drift('hello', differences)
  const found = await seen(of('drift.found'))
  expect(found).toMatchObject({ service: 'hello', deployment: kernel.first, data: { differences } })
  const kept = await seen(after(found.seq, settled(sha, 'kept')))
  await seen(of('drift.healed'))
  expect(runtime.applied).toHaveLength(2)
  expect(runtime.applied[1]!.made).toEqual(made)
  expect(await flow.deployment(kept.deployment!)).toMatchObject({ trigger: 'drift', made })
  await workedOff(kernel)
  expect(await all(kernel, 'drift.found', 'drift.healed')).toHaveLength(2)
  expect(state(kernel)).toBe('healthy')
  expect(why(placement(kernel))).toBeUndefined()
})

it('tells another difference, and no more when somebody else puts it right', async () => {
  const kernel = await runs('report')
  const { runtime, seen } = kernel
  runtime.drift('hello', differences)
  await seen(of('drift.found'))
  expect(state(kernel)).toBe('drift')
  expect(why(placement(kernel))).toMatch(/changed behind Longshore's back.*it ended with exit code 1/)
  runtime.drift('hello', [...differences, ...others])
  runtime.drift('hello', [])
  await seen(of('drift.healed'))
  await workedOff(kernel)
  expect(await all(kernel, 'drift.found')).toHaveLength(2)
  expect(runtime.applied).toHaveLength(1)
  expect(state(kernel)).toBe('healthy')
})

it('only tells with the policy report, and does not even tell with ignore; another policy counts at once', async () => {
  const kernel = await runs('ignore')
  const { runtime, seen, sha } = kernel
  runtime.drift('hello', differences)
  await workedOff(kernel)
  expect(await all(kernel, 'drift.found')).toEqual([])
  const policy = (drift: DriftPolicy) =>
    reconfigure(kernel.kernel, () =>
      Promise.resolve({ file: 'test', value: { version: 1, host: 'test', ...config(drift) } }),
    )
  await policy('report')
  const found = await seen(of('drift.found'))
  await policy('ignore')
  await seen(of('drift.healed'))
  expect(state(kernel)).toBe('healthy')
  expect(runtime.applied).toHaveLength(1)
  await policy('heal')
  await seen(after(found.seq, settled(sha, 'kept')))
})

it('never heals what is held', async () => {
  const kernel = await runs()
  const { runtime, seen, flow, clock } = kernel
  await flow.request({ kind: 'stop', service: 'hello', actor: ines, why: 'x' })
  await seen(of('service.ended'))
  runtime.drift('hello', differences)
  await workedOff(kernel)
  clock.go(3_600_000)
  await workedOff(kernel)
  expect(runtime.applied).toHaveLength(1)
  expect(runtime.running('hello')).toBeUndefined()
  expect(state(kernel)).toBe('held')
})

/** What drifted cannot be put right, as often as that is tried. */
async function failsToHeal({ runtime, seen, clock, sha }: Awaited<ReturnType<typeof runs>>): Promise<void> {
  runtime.broken = true
  runtime.drift('hello', differences)
  let last = await seen(settled(sha, 'failed'))
  for (const pause of [5_000, 30_000, 120_000, 300_000]) {
    await clock.pass(pause)
    last = await seen(after(last.seq, settled(sha, 'failed')))
  }
}

it('heals after longer and longer waits, and gives up visibly; a person ends that', async () => {
  const kernel = await runs()
  const { runtime, seen, clock, sha, flow, journal } = kernel
  await failsToHeal(kernel)
  expect((await seen(of('drift.gaveUp'))).data).toEqual({ tries: 5 })
  expect(state(kernel)).toBe('failing')
  expect(why(placement(kernel))).toMatch(/tried 5 times and gave up/)
  clock.go(3_600_000)
  // Another difference does not begin it anew.
  runtime.drift('hello', others)
  await workedOff(kernel)
  expect((await all(kernel, 'deployment.queued')).length).toBe(6)
  expect(state(kernel)).toBe('failing')

  runtime.broken = false
  const last = journal.last()
  await flow.request({ kind: 'restart', service: 'hello', actor: ines })
  const kept = await seen(after(last, settled(sha, 'kept')))
  await seen(after(last, of('drift.healed')))
  await workedOff(kernel)
  expect(state(kernel)).toBe('healthy')
  clock.go(10_000)
  runtime.drift('hello', differences)
  await seen(after(kept.seq, settled(sha, 'kept')))
  expect(await all(kernel, 'drift.gaveUp')).toHaveLength(1)
})

it('counts tries that were kept and did not last, until there was peace for a while', async () => {
  const kernel = await runs()
  const { runtime, seen, clock, sha } = kernel
  const drifts = async (pause: number) => {
    const seq = kernel.journal.last()
    runtime.drift('hello', differences)
    await seen(after(seq, of('drift.found')))
    if (pause > 0) await clock.pass(pause)
    await seen(after(seq, settled(sha, 'kept')))
    await seen(after(seq, of('drift.healed')))
  }
  await drifts(0)
  for (const pause of [5_000, 30_000, 120_000, 300_000]) await drifts(pause)
  clock.go(1_900_000)
  await drifts(0)
  const seq = kernel.journal.last()
  for (const pause of [5_000, 30_000, 120_000, 300_000]) await drifts(pause)
  clock.go(60_000)
  runtime.drift('hello', differences)
  await seen(after(seq, of('drift.gaveUp')))
  runtime.drift('hello', [])
  await workedOff(kernel)
  expect(state(kernel)).toBe('healthy')
})

it('a newer commit ends what gave up, and is not confused by healing', async () => {
  const kernel = await runs()
  const { runtime, seen, git } = kernel
  await failsToHeal(kernel)
  await seen(of('drift.gaveUp'))
  runtime.broken = false
  const newer = git.commit(url, 'main', { a: '2' })
  await seen(settled(newer, 'kept'))
  await seen(of('drift.healed'))
  await workedOff(kernel)
  expect(state(kernel)).toBe('healthy')
  expect(placement(kernel)).toMatchObject({ running: { commit: { sha: newer } } })
  expect(placement(kernel).drift).toBeUndefined()
})

it('goes on with its tries over a restart of Longshore', async () => {
  const around = await world()
  const clock = new HandClock()
  const first = await runs('heal', { ...around, clock })
  clock.go(10_000)
  around.runtime.broken = true
  around.runtime.drift('hello', differences)
  let last = await first.seen(settled(first.sha, 'failed'))
  await clock.pass(5_000)
  last = await first.seen(after(last.seq, settled(first.sha, 'failed')))
  await first.stop()

  const second = await start({ ...around, clock, config: config('heal') })
  for (const pause of [30_000, 120_000, 300_000]) {
    await clock.pass(pause)
    last = await second.seen(after(last.seq, settled(first.sha, 'failed')))
  }
  expect((await second.seen(of('drift.gaveUp'))).data).toEqual({ tries: 5 })
  await second.stop()
  around.runtime.broken = false
  const third = await start({ ...around, clock, config: config('heal') })
  await workedOff(third)
  clock.go(600_000)
  await workedOff(third)
  expect((await all(third, 'deployment.queued')).length).toBe(6)
  expect(state(third)).toBe('failing')
})

it('a drift in the middle of a deployment is put right by that, or after it', async () => {
  const kernel = await runs()
  const { runtime, seen, git, clock } = kernel
  const release = runtime.hold()
  const newer = git.commit(url, 'main', { a: '2' })
  await seen(({ kind, commit, data }) => {
    return (
      kind === 'deployment.entered' && commit === newer && (data as { phase: string }).phase === 'applying'
    )
  })
  runtime.drift('hello', differences)
  await seen(of('drift.found'))
  release()
  await seen(settled(newer, 'kept'))
  await seen(of('drift.healed'))
  clock.go(10_000)
  await workedOff(kernel)
  expect(runtime.applied.map(({ commit }) => commit.sha)).toEqual([kernel.sha, newer])
  expect(state(kernel)).toBe('healthy')
})

it('an instance that is gone is brought back by the policy heal alone, also over a restart', async () => {
  for (const policy of ['heal', 'report', 'ignore'] as const) {
    const around = await world()
    const first = await runs(policy, { ...around, clock: undefined })
    around.runtime.lose('hello', 'somebody removed it')
    const lost = await first.seen(of('instance.lost'))
    if (policy === 'heal') {
      await first.seen(after(lost.seq, settled(first.sha, 'kept')))
      continue
    }
    await workedOff(first)
    // An ask for something else says nothing about it.
    await reconfigure(first.kernel, () => {
      const { hello } = config(policy).services
      const value = {
        version: 1,
        host: 'test',
        services: { hello: { ...hello, source: { url, poll: '1m' } } },
      }
      return Promise.resolve({ file: 'test', value })
    })
    await workedOff(first)
    await first.stop()
    const second = await start({ ...around, config: config(policy) })
    await workedOff(second)
    expect(around.runtime.applied).toHaveLength(1)
    await second.flow.request({ kind: 'restart', service: 'hello', actor: ines })
    await second.seen(after(lost.seq, settled(first.sha, 'kept')))
    await second.stop()
  }
})

it('what a runtime tells that is no event is left out, and the rest is recorded', async () => {
  const kernel = await runs()
  const instance = { host: 'test', deployment: 'none\n', instance: 'x' }
  kernel.runtime.tell({ kind: 'started', service: 'not a name', ...instance })
  await workedOff(kernel)
})

it('what runs from before the data folder was lost goes on until a commit is there, and is replaced by it', async () => {
  const around = await world()
  const first = await runs('heal', { ...around, clock: undefined })
  await first.stop()
  const git = new FakeGit()
  const second = await start({ runtime: around.runtime, git, config: config('heal') })
  await workedOff(second)
  expect(around.runtime.running('hello')?.deployment).toBe(first.first)
  const sha = git.commit(url, 'main', { a: '2' })
  const { deployment } = await second.seen(settled(sha, 'kept'))
  expect(around.runtime.running('hello')?.deployment).toBe(deployment)
})
