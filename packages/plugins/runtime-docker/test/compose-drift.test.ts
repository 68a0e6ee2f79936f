import { stateOf } from '@longshore/core/protocol'
import { DockerEngine, Strangers, testImage } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needsCompose } from './compose-bench.js'
import { casesOf, disturbances, drifting, makeOther, policies } from './disturbances.js'
import { kindsOf, Site } from './site.js'

/** Those of one container, and what can be done to one of a project besides. */
const cases = casesOf({
  ...disturbances,
  config: { what: 'config', do: (docker, id) => docker.docker('update', '--cpus', '0.5', id) },
  pause: { what: 'paused', do: (docker, id) => docker.docker('pause', id) },
})
/** They end no container. */
const gentle = ['config', 'paused']
/** Projects that the engine does not bring back by itself. */
const plain = policies.map((policy) => ({ policy, name: `${policy}-plain` }))

/** Two services, of which one is disturbed. */
function project(restart: string): Record<string, string> {
  const command = ['sh', '-c', 'trap "exit 143" TERM; sleep 1000 & wait']
  const service = { image: testImage, command, restart }
  const services = { still: service, web: { ...service, depends_on: ['still'] } }
  return { 'compose.yaml': JSON.stringify({ services }) }
}

describe('drift of compose projects on a real engine', needsCompose(), () => {
  let docker: DockerEngine
  let site: Site
  let strangers: Strangers
  const state = (name: string) => stateOf(site.placement(name))
  /** The container of one service of a project, in whatever state. */
  const container = async (project: string, service: string) => {
    const wanted = [`project=longshore-${project}`, `service=${service}`]
    const filters = wanted.flatMap((each) => ['--filter', `label=com.docker.compose.${each}`])
    return docker.docker('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.State}}', ...filters)
  }
  const both = (name: string) => Promise.all(['still', 'web'].map((service) => container(name, service)))
  const runs = async (name: string) => (await both(name)).every((each) => /^\w+ running$/.test(each))

  beforeAll(async () => {
    docker = await DockerEngine.start()
    await makeOther(docker)
    strangers = new Strangers(docker)
    await strangers.run('heal-rm', 'test')
    const all = [...cases, ...plain]
    const services = all.map(({ name, policy }) => {
      const source = { url: `https://git.example/team/${name}.git` }
      return [name, { source, run: { kind: 'compose' }, policy: { drift: policy } }] as const
    })
    site = await Site.start(docker, Object.fromEntries(services))
    const files = all.map(({ name }) => [name, project(name.endsWith('plain') ? 'no' : 'unless-stopped')])
    await site.deployFiles(Object.fromEntries(files) as Record<string, Record<string, string>>)
  }, 240_000)
  afterAll(async () => {
    await site?.kernel.stop()
    await docker?.close()
  })

  it('by each policy: removed, stopped, killed, made anew of another image; the rest and strangers stay', async () => {
    const before = await strangers.inspect()
    const image = await docker.docker('image', 'inspect', '--format', '{{.Id}}', testImage)
    const first = new Map<string, string[]>()
    for (const { name } of cases) first.set(name, await both(name))
    const idOf = (name: string) => first.get(name)![1]!.split(' ')[0]!
    await Promise.all(cases.map((each) => each.do(docker, idOf(each.name))))

    for (const { policy, name, what } of cases) {
      if (policy === 'heal') {
        // Between what somebody removes and makes anew it may be looked at: then it is put right in two steps.
        const again = await site.healed(name, async () => {
          const [id] = (await container(name, 'web')).split(' ')
          const own = id && (await docker.docker('inspect', '--format', '{{.Image}}', id))
          return own === image && (await runs(name))
        })
        expect(again.length).toBeGreaterThan(0)
        if (what !== 'image') expect(again).toHaveLength(1)
        for (const { data } of again) expect(data).toMatchObject({ trigger: 'drift' })
        expect(state(name)).toBe('healthy')
      } else if (policy === 'report') {
        await site.until(`${name} tells ${what}`, async () => (await site.found(name)).join() === what)
        expect(state(name)).toBe('drift')
      } else if (!gentle.includes(what)) {
        const ended = () => site.events(name, 'instance.exited', 'instance.lost')
        await site.until(`${name} ended`, async () => (await ended()).length > 0)
      }
      if (policy === 'ignore') expect(await site.events(name, ...drifting)).toEqual([])
      expect((await both(name))[0]).toBe(first.get(name)![0])
      if (policy === 'heal') continue
      expect(await site.events(name, 'deployment.queued')).toHaveLength(1)
      expect(await runs(name)).toBe(['image', 'config'].includes(what))
    }
    expect(await strangers.inspect()).toEqual(before)
  }, 120_000)

  it('an engine that is restarted or killed: by each policy, and what comes back is not deployed again', async () => {
    const healed = cases.filter(({ policy }) => policy === 'heal').map(({ name }) => name)
    const found = ['drift.found', 'drift.healed']
    const told = new Map<string, string[]>()
    for (const name of healed) told.set(name, kindsOf(await site.events(name, ...drifting)))
    for (const [round, end] of (['down', 'kill'] as const).entries()) {
      const lasting = await strangers.inspect(true)
      const before = await Promise.all(healed.map(both))
      await docker[end]()
      await site.until('its services are unknown', async () => {
        const host = await site.kernel.flow.hostState('test')
        return stateOf(site.placement('heal-plain'), host) === 'unknown'
      })
      await docker.up()
      await site.told('heal-plain', drifting, [...found, ...(round > 0 ? found : [])])
      // A killed engine ends what it finds running, and brings back only what shall always run.
      const again = end === 'kill' ? found : []
      for (const name of healed) await site.told(name, drifting, [...told.get(name)!, ...again])
      for (const name of ['heal-plain', ...healed]) {
        expect(await runs(name)).toBe(true)
        expect(state(name)).toBe('healthy')
      }
      if (end === 'down') expect(await Promise.all(healed.map(both))).toEqual(before)
      await site.told('report-plain', drifting, ['drift.found'])
      expect(state('report-plain')).toBe('drift')
      expect(await runs('report-plain')).toBe(false)
      expect(await site.events('ignore-plain', ...drifting)).toEqual([])
      expect(await runs('ignore-plain')).toBe(false)
      expect(await strangers.inspect(true)).toEqual(lasting)
    }
  }, 240_000)
})
