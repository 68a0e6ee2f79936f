import { FakeProbe, memoryDisk, FakeGit, FakeRuntime, HandClock } from '@longshore/core/testkit'
import { systemActor } from '@longshore/core/protocol'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ill, live, start, url, well, blind, type Scripted } from './longshore.js'

const ready = { kind: 'script', name: 'ready', every: '2s', unhealthyAfter: 3, healthyAfter: 2 }
const kinds = ['check.healthy', 'check.unhealthy', 'check.unknown']
const words = async (kernel: Scripted) => (await kernel.events(...kinds)).map(({ kind }) => kind)

/** A kernel whose first commit is kept. */
async function kept(options: Parameters<typeof start>[0] = {}) {
  const kernel = await start({ checks: [ready], ...options })
  const sha = kernel.commit()
  expect(await kernel.settles(sha)).toMatchObject({ outcome: 'kept' })
  return { ...kernel, sha }
}

/** What outlives a Longshore. */
async function world() {
  const data = await mkdtemp(join(tmpdir(), 'longshore-world-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  return { data, disk: memoryDisk(), git: new FakeGit(), runtime: new FakeRuntime(), clock: new HandClock() }
}

const changed = (kernel: Scripted, service: object) =>
  kernel.kernel.reconfigure({
    file: 'test',
    value: {
      version: 1,
      host: 'test',
      services: { hello: { source: { url }, run: { kind: 'fake' }, ...service } },
    },
  })

describe('what a check says', () => {
  it('is an event only when it changes, and only after as many looks as were asked for', async () => {
    const kernel = await kept()
    await live(kernel.clock, 10_000)
    kernel.script.says.set('ready', [ill, ill, well, ill, ill, blind, ill, well, ill])
    await live(kernel.clock, 30_000)
    kernel.script.says.set('ready', well)
    await live(kernel.clock, 10_000)
    expect(await words(kernel)).toEqual([
      'check.healthy',
      // Twice ill is not enough; twice ill and, with nobody looking between, once more is. Once well is not enough.
      'check.unhealthy',
      'check.healthy',
    ])
    expect((await kernel.events('check.unhealthy'))[0]).toMatchObject({
      service: 'hello',
      commit: kernel.sha,
      actor: systemActor,
      data: { check: 'ready', reason: 'it answers 503' },
    })
    expect(kernel.flow.placement('hello', 'test')!.checks).toMatchObject([{ check: 'ready', healthy: true }])
  })

  it('is remembered over a restart of Longshore, and not told twice', async () => {
    const place = await world()
    const first = await kept(place)
    first.script.says.set('ready', ill)
    await live(first.clock, 8_000)
    expect(await words(first)).toEqual(['check.healthy', 'check.unhealthy'])
    await first.stop()
    const script = new FakeProbe()
    script.says.set('ready', ill)
    const second = await start({ ...place, script, checks: [ready] })
    await live(second.clock, 20_000)
    expect(script.looks.length).toBeGreaterThan(5)
    expect(await words(second)).toEqual(['check.healthy', 'check.unhealthy'])
    script.says.set('ready', well)
    await live(second.clock, 8_000)
    expect(await words(second)).toEqual(['check.healthy', 'check.unhealthy', 'check.healthy'])
  })

  it('that cannot be recorded now is told when it can', async () => {
    const kernel = await kept()
    const { storage } = kernel
    const commit = storage.commit.bind(storage)
    storage.commit = () => Promise.reject(new Error('no room'))
    kernel.script.says.set('ready', ill)
    await live(kernel.clock, 10_000)
    storage.commit = commit
    await live(kernel.clock, 4_000)
    expect(await words(kernel)).toEqual(['check.healthy', 'check.unhealthy'])
  })

  it('of another deployment is found out anew', async () => {
    const kernel = await kept()
    const second = kernel.commit()
    expect(await kernel.settles(second)).toMatchObject({ outcome: 'kept' })
    const events = await kernel.events(...kinds)
    expect(events.map(({ kind, commit }) => [kind, commit])).toEqual([
      ['check.healthy', kernel.sha],
      ['check.healthy', second],
    ])
  })

  it('is not held against what runs before it has to', async () => {
    const kernel = await kept({ checks: [{ ...ready, startAfter: '20s' }] })
    kernel.script.says.set('ready', ill)
    await live(kernel.clock, 15_000)
    expect(await words(kernel)).toEqual(['check.healthy'])
    await live(kernel.clock, 15_000)
    expect(await words(kernel)).toEqual(['check.healthy', 'check.unhealthy'])
  })
})

describe('a check', () => {
  it('is looked at while something runs: not while the service is held', async () => {
    const kernel = await kept()
    const actor = { kind: 'local', name: 'ines' } as const
    await kernel.flow.request({ kind: 'stop', service: 'hello', host: 'test', actor, why: 'rest' } as never)
    await kernel.seen(({ kind }) => kind === 'service.ended')
    await live(kernel.clock, 1_000)
    const before = kernel.script.looks.length
    await live(kernel.clock, 10_000)
    expect(kernel.script.looks.length).toBe(before)
    await kernel.flow.request({ kind: 'start', service: 'hello', host: 'test', actor } as never)
    await live(kernel.clock, 10_000)
    expect(kernel.script.looks.length).toBeGreaterThan(before)
  })

  it('is not looked at while a deployment is applied, and then at what was applied', async () => {
    const kernel = await kept()
    const release = kernel.runtime.hold()
    const sha = kernel.commit()
    await kernel.seen(
      ({ commit, data }) => commit === sha && (data as { phase?: string }).phase === 'applying',
    )
    await live(kernel.clock, 500)
    const before = kernel.script.looks.length
    await live(kernel.clock, 10_000)
    expect(kernel.script.looks.length).toBe(before)
    release()
    await kernel.settles(sha)
    const last = kernel.script.looks.at(-1)!
    expect(last.commit.sha).toBe(sha)
    expect(last.directory).toContain(`${last.deployment}-${sha}`)
  })

  it('that is declared anew goes on with what is known; one that is taken away is unknown', async () => {
    const kernel = await kept()
    await changed(kernel, {
      checks: [
        { ...ready, every: '3s' },
        { ...ready, name: 'other' },
      ],
    })
    await live(kernel.clock, 10_000)
    expect((await kernel.events(...kinds)).map(({ data }) => data)).toEqual([
      { check: 'ready' },
      { check: 'other' },
    ])
    await changed(kernel, { checks: [{ ...ready, name: 'other' }] })
    await live(kernel.clock, 500)
    const before = kernel.script.looks.filter(({ name }) => name === 'ready').length
    await live(kernel.clock, 10_000)
    expect(kernel.script.looks.filter(({ name }) => name === 'ready').length).toBe(before)
    expect((await kernel.events('check.unknown')).map(({ data }) => data)).toMatchObject([{ check: 'ready' }])
    expect(kernel.flow.placement('hello', 'test')!.checks).toMatchObject([{ check: 'other' }])
  })

  it('that was taken away while Longshore did not run is unknown after the start', async () => {
    const place = await world()
    const first = await kept(place)
    await first.stop()
    const second = await start({ ...place, checks: [] })
    await second.seen(({ kind }) => kind === 'check.unknown')
    expect(second.flow.placement('hello', 'test')!.checks).toEqual([])
  })

  it('whose probe throws says nothing about the service', async () => {
    const script = new FakeProbe()
    const kernel = await kept({ script })
    script.check = () => Promise.reject(new Error('the probe is broken'))
    await live(kernel.clock, 20_000)
    expect(await words(kernel)).toEqual(['check.healthy'])
  })
})
