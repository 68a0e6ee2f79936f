import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DockerEngine, FakeGit, memoryDisk, needs } from '@longshore/core/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { service, Site } from './site.js'

const drifting = ['drift.found', 'drift.healed', 'drift.gaveUp']

describe('what is ours on a real engine', needs('docker'), () => {
  let docker: DockerEngine
  const sites: Site[] = []
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker?.close())
  afterEach(async () => {
    for (const site of sites.splice(0)) await site.kernel.stop()
    const left = await docker.docker('ps', '--all', '--quiet')
    if (left) await docker.docker('rm', '--force', ...left.split('\n'))
  })

  /** What outlives a Longshore that is killed: its folder, its disk, the git server. */
  async function world() {
    const data = await mkdtemp(join(tmpdir(), 'longshore-world-'))
    onTestFinished(() => rm(data, { recursive: true, force: true }))
    return { data, disk: memoryDisk(), git: new FakeGit() }
  }
  const open = async (services: object, around: object = {}) => {
    const site = await Site.start(docker, services, around)
    sites.push(site)
    return site
  }
  const close = async () => {
    for (const site of sites.splice(0)) await site.kernel.stop()
  }

  it('after a restart what runs is adopted as it is; what was changed meanwhile is known and put right', async () => {
    const around = await world()
    const names = ['same', 'stopped', 'removed', 'smaller', 'told']
    const services = Object.fromEntries(
      names.map((name) => [name, service(name, { drift: name === 'told' ? 'report' : 'heal' })]),
    )
    const first = await open(services, around)
    await first.deploy(...names)
    const id = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await first.only(name)])),
    )
    await close()
    await docker.docker('stop', '--time', '1', id['stopped']!, id['told']!)
    await docker.docker('rm', '--force', id['removed']!)
    await docker.docker('update', '--cpus', '0.5', id['smaller']!)

    const second = await open(services, around)
    for (const name of ['stopped', 'removed', 'smaller'])
      await second.until(`${name} is right again`, async () => {
        const { drift, running, deployment } = second.placement(name)
        const healed = !deployment && !drift?.differences.length && running
        return Boolean(healed) && (await second.containers(name, 'status=running')).length === 1
      })
    for (const name of ['stopped', 'removed', 'smaller']) {
      expect(await second.only(name)).not.toBe(id[name])
      expect(await second.events(name, 'deployment.queued')).toHaveLength(2)
    }
    expect(await second.found('smaller')).toEqual(['config'])
    expect(await second.found('told')).toEqual(['died'])
    expect(await second.only('told')).toBe(id['told'])
    expect(await second.only('same')).toBe(id['same'])
    expect(await second.events('same', ...drifting)).toEqual([])
    expect(await second.events('same', 'deployment.queued')).toHaveLength(1)
  })

  it('after the data folder was lost what runs is found by its labels, goes on, and is replaced once', async () => {
    const services = { web: service('web') }
    const first = await open(services)
    await first.deploy('web')
    const before = await first.only('web')
    await close()

    const second = await open(services)
    await second.told('web', ['instance.started'], ['instance.started'])
    expect(await second.only('web')).toBe(before)
    await second.deploy('web')
    const after = await second.only('web')
    expect(after).not.toBe(before)
    expect(await second.events('web', ...drifting)).toEqual([])
    await docker.docker('rm', '--force', after)
    await second.told('web', drifting, ['drift.found', 'drift.healed'])
  })

  it('what somebody runs beside a service under its labels is told and taken away', async () => {
    const services = { web: service('web') }
    const site = await open(services)
    await site.deploy('web')
    const { Labels } = JSON.parse(
      await docker.docker('inspect', '--format', '{{json .Config}}', await site.only('web')),
    ) as { Labels: Record<string, string> }
    const labels = Object.entries(Labels).flatMap(([key, value]) => ['--label', `${key}=${value}`])
    await docker.docker('run', '--detach', ...labels, 'longshore-test:1', 'sleep', '1000')
    await site.told('web', drifting, ['drift.found', 'drift.healed'])
    expect(await site.found('web')).toEqual(['extra'])
    await site.only('web')
  })

  it('a stop ends all of it, and what is changed then is left alone', async () => {
    const site = await open({ web: service('web') })
    await site.deploy('web')
    const actor = { kind: 'local', name: 'ines' } as const
    await site.kernel.flow.request({ kind: 'stop', service: 'web', actor, why: 'x' })
    await site.told('web', ['service.ended'], ['service.ended'])
    expect(await site.containers('web')).toEqual([])
    expect(await site.events('web', ...drifting, 'instance.lost')).toEqual([])
  })
})

it('a host without a service of an engine does not ask one', async () => {
  const nowhere = { host: 'unix:///nowhere/docker.sock' } as DockerEngine
  const other = { source: { url: 'https://git.example/team/other.git' }, run: { kind: 'fake' } }
  const site = await Site.start(nowhere, { other })
  await site.deploy('other')
  await site.kernel.stop()
  const { events } = await site.kernel.journal.read({ limit: 100 })
  expect(events.filter(({ kind }) => kind.startsWith('engine.'))).toEqual([])
})
