import { composeBinary, needs, testImage } from '@longshore/core/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { ComposeRun } from '../src/compose/config.js'
import { clearEngine, needsCompose } from './compose-bench.js'
import { variable } from './compose-refused.js'
import { dockerfile, image, names, nameOf, onStage } from './stage.js'

describe('the preview of one container', needs('docker'), () => {
  const on = onStage()

  it('tells what would be made beside it, and how the container would differ', async () => {
    const { stage, docker } = on
    stage.secrets['fake:db'] = 'first'
    const env = { PORT: '80', DB: { secret: 'fake:db' }, SAME: 'x' }
    const run = image({ env, networks: ['backend'], volumes: ['data:/data'], restart: 'no' })
    expect(await stage.preview(1, run)).toEqual([
      'create network backend: it is not there',
      'create volume data: it is not there: it would be empty',
      'create hello: a container of 1111111 would be started',
    ])
    expect(await docker.docker('volume', 'ls', '--quiet')).toBe('')
    const made = await stage.apply(1, run)
    expect(made.resolved).toContain('networks:\n  - backend\n')
    expect(made.resolved).toContain('env:\n  - DB\n  - PORT\n  - SAME\n')
    expect(await stage.preview(2, run)).toEqual([
      expect.stringMatching(
        /^replace hello: a container of 2222222 .* in place of \w{12}; only the commit differs$/,
      ),
    ])
    stage.secrets['fake:db'] = 'second'
    const other = image({
      env: { ...env, PORT: '81', NEW: 'y' },
      networks: ['backend'],
      volumes: ['data:/data:ro'],
      limits: { memory: '64MiB' },
    })
    const [say, ...more] = await stage.preview(2, other)
    expect(more).toEqual([])
    for (const part of [
      'limits.memory: none → 67108864',
      'volumes: ["data:/data"] → ["data:/data:ro"]',
      'restart: "no" → "unless-stopped"',
      'env: ["DB","PORT","SAME"] → ["DB","NEW","PORT","SAME"]',
      'other values of PORT, DB',
    ])
      expect(say).toContain(part)
    expect(say).not.toMatch(/first|second|"81"/)
    expect(await names(docker)).toEqual([`${nameOf(1)} running`])
  })

  it('tells of an image that is not here, would be built, or is another; and what would be refused', async () => {
    const { stage, docker } = on
    const missing = image({ image: 'registry.invalid/app:2' })
    expect((await stage.preview(1, missing))[0]).toBe(
      'pull registry.invalid/app:2: it is not here and would be pulled',
    )
    const never = image({ image: 'registry.invalid/app:2', pull: 'never' })
    await expect(stage.preview(1, never)).rejects.toMatchObject({ code: 'IMAGE_MISSING' })
    await expect(stage.preview(1, image({ volumes: ['/etc:/host'] }))).rejects.toMatchObject({
      code: 'POLICY_REFUSED',
    })
    await expect(stage.preview(1, dockerfile())).rejects.toMatchObject({ code: 'BUILD_CONTEXT' })
    await stage.write({ Dockerfile: `FROM ${testImage}\nCMD sleep 1000\n` })
    expect(await stage.preview(1, dockerfile())).toEqual([
      'build hello: it would be built from Dockerfile of 1111111',
      'create hello: a container of 1111111 would be started',
    ])
    await stage.apply(1, dockerfile())
    const id = await docker.docker('create', testImage, 'true')
    await docker.docker('commit', id, 'app:2')
    await docker.docker('rm', id)
    const [say] = await stage.preview(2, image({ image: 'app:2' }))
    expect(say).toMatch(/another image: sha256:\w{12} → sha256:\w{12}/)
  })
})

describe('the preview of a compose project', needsCompose(), () => {
  const on = onStage(() => ({ compose: composeBinary() }))
  afterEach(() => clearEngine(on.docker))

  const sleeps = { image: testImage, command: ['sleep', '1000'], stop_signal: 'SIGKILL' }
  const run = { kind: 'compose', ...ComposeRun.parse({ env: { PASSWORD: { secret: 'fake:db' } } }) }
  const files = (services: object, volumes: object = { data: {} }) => ({
    'compose.yaml': JSON.stringify({ services, volumes }),
    Dockerfile: `FROM ${testImage}\n`,
    'conf/web.conf': 'one',
  })
  const db = { ...sleeps, volumes: ['data:/data'], environment: { PASSWORD: variable('PASSWORD') } }
  const web = { ...sleeps, volumes: ['./conf:/conf:ro'] }

  it('tells service by service what would become of it, and touches nothing', async () => {
    const { stage, docker } = on
    stage.secrets['fake:db'] = 'hunter2'
    await stage.write(files({ db, web, old: sleeps }))
    expect(await stage.preview(1, run)).toEqual([
      'create network longshore-hello_default: it is not there',
      'create volume longshore-hello_data: it is not there: it would be empty',
      'create db: it is not there',
      'create old: it is not there',
      'create web: it is not there',
    ])
    expect(await names(docker)).toEqual([])
    await stage.apply(1, run)
    const before = await docker.docker('ps', '--all', '--format', '{{.ID}} {{.Names}}')
    expect(await stage.preview(2, run)).toEqual([
      'keep db: nothing of it differs',
      'keep old: nothing of it differs',
      'keep web: nothing of it differs',
    ])
    await stage.write({
      ...files({ db, web: { ...web, user: '1000' }, built: { ...sleeps, build: '.', image: 'x:1' } }),
      'conf/web.conf': 'two',
    })
    expect(await stage.preview(2, run)).toEqual([
      'build built: it would be built from the commit 2222222',
      'create built: it is not there',
      'keep db: nothing of it differs',
      expect.stringContaining('replace web: user: none → "1000"'),
      'remove old: the project has no such service',
    ])
    await docker.docker('update', '--cpus', '0.5', 'longshore-hello-db-1')
    stage.secrets['fake:db'] = 'hunter3'
    const say = (await stage.preview(2, run)).find((line) => line.includes(' db:'))
    expect(say).toMatch(/^replace db: longshore-hello-db-1 has another CPUs/)
    expect(JSON.stringify(await stage.preview(2, run))).not.toContain('hunter')
    expect(await docker.docker('ps', '--all', '--format', '{{.ID}} {{.Names}}')).toBe(before)
  })

  it('is refused as an apply is', async () => {
    const { stage } = on
    stage.secrets['fake:db'] = 'hunter2'
    await stage.write(files({ db: { ...sleeps, privileged: true } }))
    await expect(stage.preview(1, run)).rejects.toMatchObject({ code: 'POLICY_REFUSED' })
  })
})
