import { DockerEngine, needs, Strangers, testImage } from '@longshore/core/testkit'
import { stateOf } from '@longshore/core/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { casesOf, disturbances, drifting, makeOther, policies } from './disturbances.js'
import { kindsOf, service, Site } from './site.js'

const cases = casesOf(disturbances)

describe('drift on a real engine', needs('docker'), () => {
  let docker: DockerEngine
  let site: Site
  let strangers: Strangers
  /** One per policy that its engine does not start again by itself. */
  const plain = policies.map((policy) => `${policy}-plain`)
  const state = (name: string) => stateOf(site.placement(name))
  const runs = async (name: string) => (await site.containers(name, 'status=running')).length

  beforeAll(async () => {
    docker = await DockerEngine.start()
    await makeOther(docker)
    strangers = new Strangers(docker)
    await strangers.run('heal-rm', 'test')
    const services = [
      ...cases.map(({ name, policy }) => [name, service(name, { drift: policy })] as const),
      ...policies.map(
        (policy) =>
          [`${policy}-plain`, service(`${policy}-plain`, { drift: policy, restart: 'no' })] as const,
      ),
      ['heal-always', service('heal-always', { restart: 'always' })] as const,
      ['mended', service('mended', { drift: 'report', limits: { memory: '64MiB' } })] as const,
      [
        'hungry',
        service('hungry', { drift: 'report', restart: 'no', limits: { memory: '16MiB' }, command: hungry }),
      ] as const,
      [
        'ill',
        service('ill', {
          drift: 'report',
          healthcheck: { test: ['test', '!', '-e', '/ill'], interval: '500ms', retries: 1 },
        }),
      ] as const,
      ['job', service('job', { restart: 'no', command: waiting })] as const,
    ]
    site = await Site.start(docker, Object.fromEntries(services))
    await site.deploy(...services.map(([name]) => name))
  }, 180_000)
  afterAll(async () => {
    await site?.kernel.stop()
    await docker?.close()
  })

  it('by each policy: removed, stopped, killed, made anew of another image; strangers stay as they are', async () => {
    const before = await strangers.inspect()
    const image = (await docker.docker('image', 'inspect', '--format', '{{.Id}}', testImage)).trim()
    const first = new Map<string, string>()
    for (const { name } of cases) first.set(name, await site.only(name))
    await Promise.all(cases.map((each) => each.do(docker, first.get(each.name)!)))

    for (const { policy, name, what } of cases) {
      if (policy === 'heal') {
        // Between what somebody removes and makes anew it may be looked at: then it is put right in two steps.
        const again = await site.healed(name, async () => {
          const id = await site.only(name)
          const said = await docker.docker('inspect', '--format', '{{.Image}} {{.State.Running}}', id)
          return said === `${image} true`
        })
        expect(again.length).toBeGreaterThan(0)
        if (what !== 'image') expect(again).toHaveLength(1)
        for (const { data } of again) expect(data).toMatchObject({ trigger: 'drift' })
        expect(state(name)).toBe('healthy')
      } else if (policy === 'report') {
        await site.told(name, drifting, ['drift.found'])
        expect(state(name)).toBe('drift')
      } else {
        const ended = () => site.events(name, 'instance.exited', 'instance.lost')
        await site.until(`${name} ended`, async () => (await ended()).length > 0)
      }
      if (policy === 'ignore') expect(await site.events(name, ...drifting)).toEqual([])
      // Healing begins with the first that is seen of it.
      else if (policy === 'heal') expect([what, 'killed', 'removed']).toContain((await site.found(name))[0])
      else await site.until(`${name} tells ${what}`, async () => (await site.found(name)).join() === what)
      if (policy === 'heal') continue
      expect(await site.events(name, 'deployment.queued')).toHaveLength(1)
      expect(await runs(name)).toBe(what === 'image' ? 1 : 0)
    }
    expect(await strangers.inspect()).toEqual(before)
  }, 120_000)

  it('tells settings, names, networks and pauses that somebody changed, and that they are right again', async () => {
    const id = await site.only('mended')
    const name = (await docker.docker('inspect', '--format', '{{.Name}}', id)).slice(1)
    await docker.docker('network', 'create', 'beside')
    const changes: [string, string[], string[], RegExp][] = [
      [
        'config',
        ['update', '--memory', '48m', '--memory-swap', '128m', id],
        ['update', '--memory', '64m', '--memory-swap', '128m', id],
        /has another memory limit: 48 MiB, and was deployed with 64 MiB/,
      ],
      [
        'config',
        ['update', '--restart', 'no', id],
        ['update', '--restart', 'unless-stopped', id],
        /another restart policy: no, and was deployed with unless-stopped/,
      ],
      ['config', ['rename', id, 'mine'], ['rename', id, name], /is called mine now/],
      [
        'config',
        ['network', 'connect', 'beside', id],
        ['network', 'disconnect', 'beside', id],
        /another set of networks: beside, bridge, and was deployed with bridge/,
      ],
      ['paused', ['pause', id], ['unpause', id], /is paused/],
    ]
    const wanted: string[] = []
    for (const [what, change, mend, says] of changes) {
      await docker.docker(...change)
      const [found] = (await site.told('mended', drifting, [...wanted, 'drift.found'])).slice(-1)
      expect((found!.data as { differences: object[] }).differences).toEqual([
        { what, instance: id, say: expect.stringMatching(says) },
      ])
      await docker.docker(...mend)
      await site.told('mended', drifting, [...wanted, 'drift.found', 'drift.healed'])
      wanted.push('drift.found', 'drift.healed')
    }
    expect(await site.only('mended')).toBe(id)
    expect(state('mended')).toBe('healthy')
  })

  it('tells what used too much memory, what is unhealthy, and says nothing of what ended as it should', async () => {
    const go = async (name: string, file: string) =>
      docker.docker('exec', await site.only(name), 'touch', file)
    await go('hungry', '/go')
    await go('ill', '/ill')
    await go('job', '/go')
    expect(await site.found('hungry')).toEqual(['oom'])
    const [exited] = await site.events('hungry', 'instance.exited')
    expect(exited!.data).toMatchObject({ reason: 'it used more memory than it may' })
    expect(await site.found('ill')).toEqual(['unhealthy'])
    await docker.docker('exec', await site.only('ill'), 'rm', '/ill')
    await site.told('ill', drifting, ['drift.found', 'drift.healed'])
    await site.told('job', ['instance.exited'], ['instance.exited'])
    // Something that is told later is there: so would be what is told of it.
    await docker.docker('pause', await site.only('ill'))
    await site.told('ill', drifting, ['drift.found', 'drift.healed', 'drift.found'])
    await docker.docker('unpause', await site.only('ill'))
    expect(await site.events('job', ...drifting)).toEqual([])
  })

  it('an engine that is restarted or killed is told once; what comes back with it is not deployed again', async () => {
    const healed = cases.filter(({ policy }) => policy === 'heal').map(({ name }) => name)
    const twice = ['drift.found', 'drift.healed']
    const told = new Map<string, string[]>()
    for (const name of healed) told.set(name, kindsOf(await site.events(name, ...drifting)))
    for (const [round, end] of (['down', 'kill'] as const).entries()) {
      const lasting = await strangers.inspect(true)
      // A killed engine ends what it finds running when it comes back, and only brings back what shall always run.
      const back = ['heal-always', ...(end === 'down' ? healed : [])]
      const ids = await Promise.all(back.map((name) => site.only(name)))
      const queued = await Promise.all(back.map((name) => site.events(name, 'deployment.queued')))
      await docker[end]()
      await site.until('its services are unknown', async () => {
        const host = await site.kernel.flow.hostState('test')
        return stateOf(site.placement('heal-always'), host) === 'unknown'
      })
      await docker.up()
      await site.until('it is back', async () => {
        const host = await site.kernel.flow.hostState('test')
        return Object.keys(host!.away).length === 0
      })
      const again = round > 0 ? twice : []
      await site.told('heal-plain', drifting, [...twice, ...again])
      for (const name of healed) await site.told(name, drifting, [...told.get(name)!, ...again])
      for (const name of ['heal-always', 'heal-plain', ...healed]) {
        expect(await site.containers(name, 'status=running')).toEqual([await site.only(name)])
        expect(state(name)).toBe('healthy')
      }
      await site.told('report-plain', drifting, ['drift.found'])
      expect(state('report-plain')).toBe('drift')
      expect(await site.events('ignore-plain', ...drifting)).toEqual([])
      expect(await Promise.all(plain.map(runs))).toEqual([1, 0, 0])
      expect(await Promise.all(back.map((name) => site.only(name)))).toEqual(ids)
      expect(await Promise.all(back.map((name) => site.events(name, 'deployment.queued')))).toEqual(queued)
      const { events } = await site.kernel.journal.read({ limit: 1000 })
      const engine = events.filter(({ kind }) => kind.startsWith('engine.')).map(({ kind }) => kind)
      expect(engine.reverse()).toEqual(
        Array.from({ length: round + 1 }, () => ['engine.away', 'engine.back']).flat(),
      )
      expect(await strangers.inspect(true)).toEqual(lasting)
    }
  }, 240_000)
})

/** Waits for a file, then uses all the memory it gets. */
const hungry = ['sh', '-c', 'until [ -e /go ]; do sleep 0.1; done; exec tail /dev/zero']
/** Waits for a file, then ends well. */
const waiting = ['sh', '-c', 'until [ -e /go ]; do sleep 0.1; done']
