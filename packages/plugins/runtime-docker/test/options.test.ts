import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startTestKernel, FakeGit, needs, testImage } from '@longshore/core/testkit'
import { describe, expect, it, vi } from 'vitest'
import plugin from '../src/index.js'
import { image, onStage } from './stage.js'

/** Every option, each with another value than its default. */
const everything = (shared: string) =>
  image({
    ...{
      entrypoint: ['sleep'],
      command: ['900'],
      user: '1000:1000',
      readOnly: true,
      restart: 'on-failure',
    },
    ...{ capDrop: ['NET_RAW'], capAdd: ['SYS_TIME'], allow: ['capabilities'], labels: { team: 'blue' } },
    ...{ limits: { memory: '64MiB', cpus: 0.5, pids: 50 }, networks: ['front', 'back'] },
    ...{ volumes: ['data:/data', `${shared}:/shared:ro`], ports: ['127.0.0.1:8081:80/udp'] },
    ...{ env: { COLOUR: 'blue $HOME', DB: { secret: 'env:DB' } }, grace: '3s' },
    healthcheck: { test: ['true'], interval: '100ms', timeout: '2s', retries: 2, startPeriod: '1s' },
  })

describe('what a container is given', needs('docker'), () => {
  const on = onStage(({ folder }) => ({ hostPaths: [join(folder, 'shared')] }))
  const inspect = async (what: string) => JSON.parse(await on.stage.fact(`{{json ${what}}}`)) as unknown

  it('every option reaches the engine', async () => {
    const shared = join(on.docker.folder, 'shared')
    await mkdir(shared, { recursive: true })
    on.stage.secrets['env:DB'] = 'hunter2hunter2'
    await on.stage.apply(1, everything(shared))
    expect(await inspect('.Config')).toMatchObject({
      ...{ Entrypoint: ['sleep'], Cmd: ['900'], User: '1000:1000', StopTimeout: 3 },
      Env: expect.arrayContaining(['COLOUR=blue $HOME', 'DB=hunter2hunter2', 'LONGSHORE_SERVICE=hello']),
      Labels: expect.objectContaining({
        team: 'blue',
        'longshore.service': 'hello',
        'longshore.host': 'box',
      }),
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1e8, Timeout: 2e9, StartPeriod: 1e9, Retries: 2 },
    })
    expect(await inspect('.HostConfig')).toMatchObject({
      ...{
        ReadonlyRootfs: true,
        CapDrop: ['NET_RAW'],
        CapAdd: ['SYS_TIME'],
        Memory: 2 ** 26,
        NanoCpus: 5e8,
        PidsLimit: 50,
      },
      PortBindings: { '80/udp': [{ HostIp: '127.0.0.1', HostPort: '8081' }] },
      Binds: ['data:/data', `${shared}:/shared:ro`],
      RestartPolicy: { Name: 'on-failure' },
    })
    expect(
      JSON.stringify([await inspect('.Config.Labels'), await inspect('.Args'), on.stage.output]),
    ).not.toContain('hunter2')
    expect(await on.docker.docker('volume', 'inspect', '--format', '{{json .Labels}}', 'data')).toContain(
      'longshore.service',
    )
    const peer = ['run', '--rm', '--network', 'back', testImage, 'nslookup', 'hello']
    expect(await on.docker.docker(...peer)).toContain('hello')
    await on.stage.end()
    expect(await on.docker.docker('network', 'ls', '--format', '{{.Name}}')).not.toMatch(/front|back/)
    expect(await on.docker.docker('volume', 'ls', '--quiet')).toContain('data')
  })

  it('an option that the engine does not take is named, and nothing is left of it', async () => {
    const wrong: [string, Record<string, unknown>][] = [
      ['limits.memory', { limits: { memory: '1KiB' } }],
      ['limits.cpus', { limits: { cpus: 1000 } }],
      ['user', { user: 'nobody-like-that' }],
      ['command', { command: ['no-such-program'] }],
      ['capAdd', { capAdd: ['NO_SUCH_THING'], allow: ['capabilities'] }],
      ['ports', { ports: ['192.0.2.1:80:80'] }],
    ]
    for (const [option, run] of wrong)
      await expect(on.stage.apply(1, image(run)), option).rejects.toMatchObject({
        code: 'OPTION_REFUSED',
        message: expect.stringContaining(`run.${option} `),
      })
    expect(await on.docker.docker('ps', '--all', '--quiet')).toBe('')
  })

  it('a rollback brings the image that ran before, though its tag has moved', async () => {
    vi.stubEnv('DOCKER_HOST', on.docker.host)
    const url = 'https://git.example/team/hello.git'
    const git = new FakeGit()
    const tag = async (text: string) => {
      const id = await on.docker.docker('create', testImage, 'sh', '-c', `echo ${text} > /version`)
      await on.docker.docker('start', '--attach', id)
      return on.docker.docker('commit', '--change', 'CMD ["sleep","1000"]', id, 'app:1')
    }
    const run = { kind: 'image', image: 'app:1', pull: 'never', grace: '1s' }
    const services = { hello: { source: { url }, run } }
    const test = await startTestKernel({ plugins: [plugin], git, config: { services } })
    const settled = (commit: string) =>
      test.seen(({ kind, commit: of }) => kind === 'deployment.settled' && of === commit)
    try {
      const one = await tag('one')
      await settled(git.commit(url, 'main', { a: '1' }))
      const two = await tag('two')
      await settled(git.commit(url, 'main', { a: '2' }))
      expect(await on.stage.fact('{{.Image}}')).toBe(two)
      const actor = { kind: 'user', name: 'ines' } as const
      const { deployment } = await test.flow.request({ kind: 'rollback', service: 'hello', actor })
      const end = await test.seen(
        (event) => event.kind === 'deployment.settled' && event.deployment === deployment,
      )
      expect(end.data).toMatchObject({ outcome: 'kept' })
      expect(await on.stage.fact('{{.Image}}')).toBe(one)
      expect((await test.flow.deployment(deployment!))!.made!.images).toEqual({ 'app:1': one })
    } finally {
      await test.stop()
      vi.unstubAllEnvs()
    }
  })
})
