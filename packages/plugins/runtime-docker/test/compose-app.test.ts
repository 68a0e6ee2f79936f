import {
  DockerEngine,
  composeBinary,
  FakeGit,
  startTestKernel,
  testImage,
  type TestKernel,
} from '@longshore/core/testkit'
import type { Event } from '@longshore/core/protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import plugin from '../src/index.js'
import { variable } from './compose-refused.js'
import { clearEngine, needsCompose } from './compose-bench.js'

const url = 'https://git.example/team/shop.git'
const ines = { kind: 'user', name: 'ines' } as const
const patience = 60_000
const secret = 'hunter2-$tr0ng'

const healthy = (...test: string[]) => ({
  test: ['CMD', ...test],
  interval: '200ms',
  timeout: '2s',
  retries: 3,
})
const sleeps = { image: testImage, command: ['sleep', '1000'], stop_signal: 'SIGKILL' }

/** Five services: a database with data, an API behind it, a worker, a web server that is built, and a job of a profile. */
function shop(change: { web?: object; api?: object; page?: string } = {}) {
  const services = {
    db: {
      ...sleeps,
      healthcheck: healthy('true'),
      environment: { PASSWORD: variable('DB_PASSWORD') },
      volumes: ['data:/data', './conf:/conf:ro'],
    },
    api: {
      ...sleeps,
      healthcheck: healthy('true'),
      depends_on: { db: { condition: 'service_healthy' } },
      ...change.api,
    },
    worker: { ...sleeps, depends_on: ['api'], secrets: ['password'] },
    web: {
      build: './web',
      command: ['httpd', '-f', '-p', '80', '-h', '/www'],
      stop_signal: 'SIGKILL',
      depends_on: { api: { condition: 'service_healthy' } },
      ...change.web,
    },
    job: { image: testImage, command: ['true'], profiles: ['jobs'], depends_on: ['db'] },
  }
  const secrets = { password: { environment: 'DB_PASSWORD' } }
  return {
    'compose.yaml': JSON.stringify({ services, secrets, volumes: { data: {} } }),
    'conf/db.conf': 'size = 1',
    'web/Dockerfile': `FROM ${testImage}\nCOPY index.html /www/index.html\n`,
    'web/index.html': change.page ?? 'first',
  }
}

describe('a compose application of five services', needsCompose(), () => {
  let docker: DockerEngine
  let kernel: TestKernel
  let git: FakeGit
  const names = ['api', 'db', 'job', 'web', 'worker']

  beforeAll(async () => {
    docker = await DockerEngine.start()
  })
  afterAll(() => docker.close())
  beforeEach(async () => {
    git = new FakeGit()
    kernel = await startTestKernel({
      plugins: [plugin],
      git,
      config: {
        docker: { host: docker.host, compose: composeBinary() },
        services: {
          shop: {
            source: { url },
            run: { kind: 'compose', profiles: ['jobs'], env: { DB_PASSWORD: { secret: 'fake:db' } } },
          },
        },
      },
    })
    kernel.secrets.values.set('db', secret)
  })
  afterEach(async () => {
    await kernel.stop()
    await clearEngine(docker)
  })

  const until = async (fits: (event: Event) => boolean) => {
    const signal = AbortSignal.timeout(patience)
    for await (const events of kernel.journal.follow(0, signal)) {
      const found = events.find(fits)
      if (found) return found
    }
    throw new Error('no such event came')
  }
  const push = async (change?: Parameters<typeof shop>[0]) => {
    const sha = git.commit(url, 'main', shop(change))
    const { deployment, data } = await until(
      ({ kind, commit }) => kind === 'deployment.settled' && commit === sha,
    )
    const { outcome, reason } = data as { outcome: string; reason?: string }
    return { sha, id: deployment!, outcome, reason: reason ?? '' }
  }
  const containers = async () => {
    const format = '{{.Label "com.docker.compose.service"}} {{.ID}}'
    const rows = await docker.docker(
      'ps',
      '--all',
      '--format',
      format,
      '--filter',
      'label=longshore.service=shop',
    )
    return Object.fromEntries(rows.split('\n').map((row) => row.split(' ') as [string, string]))
  }
  const inside = (service: string, ...command: string[]) =>
    docker.docker('exec', `longshore-shop-${service}-1`, ...command)
  const page = () => inside('worker', 'wget', '-qO-', 'http://web/index.html')
  const made = async (id: string) => (await kernel.flow.deployment(id))!.made!

  it('is deployed from a push, and a change of one service leaves the others alone', async () => {
    await docker.docker('run', '--detach', '--name', 'stranger', testImage, 'sleep', '1000')
    const first = await push()
    expect(first).toMatchObject({ outcome: 'kept' })
    const before = await containers()
    expect(Object.keys(before).sort()).toEqual(names)
    await inside('db', 'sh', '-c', 'echo kept > /data/file')
    expect(await page()).toBe('first')
    expect(await inside('db', 'sh', '-c', 'echo $PASSWORD')).toBe(secret)
    expect(await inside('worker', 'cat', '/run/secrets/password')).toBe(secret)

    const second = await push({ page: 'second' })
    expect(second).toMatchObject({ outcome: 'kept' })
    const after = await containers()
    expect(await page()).toBe('second')
    expect({ ...after, web: '' }).toEqual({ ...before, web: '' })
    expect(after['web']).not.toBe(before['web'])
    expect(await inside('db', 'cat', '/data/file', '/conf/db.conf')).toBe('kept\nsize = 1')
    // Whoever asks finds one deployment, though most containers were made by the one before.
    const [placement] = kernel.flow.placements()
    await until(
      ({ kind, deployment, data }) =>
        kind === 'instance.started' &&
        deployment === second.id &&
        (data as { adopted?: boolean }).adopted === true,
    )
    expect(placement!.running!.deployment).toBe(second.id)
    const alive = placement!.instances.filter(({ state }) => state === 'running')
    expect(new Set(alive.map(({ name }) => name))).toEqual(new Set(['api-1', 'db-1', 'web-1', 'worker-1']))

    const { images, env, resolved } = await made(second.id)
    expect(Object.keys(images).sort()).toEqual(names)
    expect(Object.values(images).every((image) => /sha256:[0-9a-f]{64}$/.test(image))).toBe(true)
    expect(env).toEqual(['DB_PASSWORD'])
    expect(resolved).toContain(`PASSWORD: ${variable('DB_PASSWORD')}`)
    const { events } = await kernel.journal.read({ limit: 1000 })
    expect(JSON.stringify(events)).not.toContain(secret)
    expect(await docker.docker('ps', '--format', '{{.Names}}', '--filter', 'name=stranger')).toBe('stranger')
  })

  it.each([
    ['a bad command', { web: { command: ['sh', '-c', 'echo no such page >&2; exit 3'] } }, 'no such page'],
    [
      'a bad image',
      { web: { build: undefined, image: 'longshore-nowhere:1', pull_policy: 'never' } },
      'longshore-nowhere:1',
    ],
    ['a failing health check', { web: { healthcheck: healthy('false') } }, 'unhealthy'],
  ])('goes on as it was after %s', async (_, change, reason) => {
    expect(await push()).toMatchObject({ outcome: 'kept' })
    const before = await containers()
    await inside('db', 'sh', '-c', 'echo kept > /data/file')
    const broken = await push({ page: 'broken', ...change })
    expect(broken).toMatchObject({ outcome: 'failed' })
    expect(broken.reason).toContain(reason)
    expect(await page()).toBe('first')
    expect({ ...(await containers()), web: '' }).toEqual({ ...before, web: '' })
    expect(await inside('db', 'cat', '/data/file')).toBe('kept')
    // And the next good one is deployed on what was brought back.
    expect(await push({ page: 'mended' })).toMatchObject({ outcome: 'kept' })
    expect(await page()).toBe('mended')
  })

  it('a rollback brings the images that ran, though their tags moved', async () => {
    const tag = async (content: string) => {
      const id = await docker.docker('run', '--detach', testImage, 'sh', '-c', `echo ${content} > /version`)
      await docker.docker('wait', id)
      await docker.docker('commit', id, 'shop-api:1')
    }
    const api = { image: 'shop-api:1' }
    await tag('one')
    const first = await push({ api, page: 'one' })
    await tag('two')
    expect(await push({ api, page: 'two' })).toMatchObject({ outcome: 'kept' })
    expect(await inside('api', 'cat', '/version')).toBe('two')
    const { deployment } = await kernel.flow.request({ kind: 'rollback', service: 'shop', actor: ines })
    await until(({ kind, deployment: id }) => kind === 'deployment.settled' && id === deployment)
    expect(await inside('api', 'cat', '/version')).toBe('one')
    expect(await page()).toBe('one')
    expect((await made(deployment!)).images).toEqual((await made(first.id)).images)
  })

  it('a stop ends all of it and keeps the data', async () => {
    await push()
    await inside('db', 'sh', '-c', 'echo kept > /data/file')
    const { events } = await kernel.journal.read({ limit: 1 })
    expect(events).toHaveLength(1)
    await kernel.flow.request({ kind: 'stop', service: 'shop', actor: ines, why: 'enough' })
    await expect.poll(() => docker.docker('ps', '--all', '--quiet'), { timeout: patience }).toBe('')
    expect(await docker.docker('network', 'ls', '--format', '{{.Name}}')).not.toContain('shop')
    await kernel.flow.request({ kind: 'start', service: 'shop', actor: ines })
    await expect
      .poll(() => inside('db', 'cat', '/data/file').catch(() => ''), { timeout: patience })
      .toBe('kept')
  })
})
