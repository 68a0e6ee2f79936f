import { composeBinary, needs, testImage, type DockerEngine } from '@longshore/core/testkit'
import { systemClock } from '@longshore/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Engine } from '../src/client.js'
import { Marked, markOf } from '../src/command/marked.js'
import { ComposeRun } from '../src/compose/config.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { clearEngine, needsCompose } from './compose-bench.js'
import { testCommands } from './commands.js'
import { dockerfile, image, names, nameOf, onStage } from './stage.js'

const list = async (docker: DockerEngine, what: string) =>
  (await docker.docker(what, 'ls', '--format', '{{.Name}}')).split('\n').filter(Boolean)

describe('a command in a container of its own', needs('docker'), () => {
  const on = onStage()

  it('has what the service has, but its ports, its names and its labels, and leaves nothing', async () => {
    const { stage, docker } = on
    stage.secrets['fake:db'] = 'hunter2'
    const run = image({
      ports: ['127.0.0.1:8080:80'],
      networks: ['backend', 'other'],
      volumes: ['data:/data'],
      env: { DB: { secret: 'fake:db' } },
      user: '1000',
      readOnly: true,
      labels: { route: 'hello' },
      limits: { memory: '64MiB', pids: 50 },
    })
    await stage.apply(1, run)
    const networks = await list(docker, 'network')
    const running = stage.run(2, run, ['sh', '-c', 'echo "$DB $LONGSHORE_DEPLOYMENT"; id -u; sleep 1000'])
    await vi.waitFor(() => expect(stage.output).toContain('\n1000\n'), 20_000)
    expect(stage.output).toContain('hunter2 deployment000002\n')
    const [id] = (await docker.docker('ps', '--quiet', '--filter', 'label=longshore.command')).split('\n')
    const format = '{{json .HostConfig}} {{json .Config.Labels}} {{json .NetworkSettings.Networks}}'
    const facts = await docker.docker('inspect', '--format', format, id!)
    for (const part of [
      '"PortBindings":{}',
      '"Memory":67108864',
      '"ReadonlyRootfs":true',
      'data:/data',
      '"other":',
    ])
      expect(facts).toContain(part)
    for (const part of ['"Aliases":["hello"', 'route', '"longshore.deployment"'])
      expect(facts).not.toContain(part)
    await docker.docker('kill', id!)
    expect(await running).toBe(137)
    expect(await names(docker)).toEqual([`${nameOf(1)} running`])
    expect(await list(docker, 'network')).toEqual(networks)
  })

  it('before anything was deployed leaves neither networks nor nameless volumes', async () => {
    const { stage, docker } = on
    await stage.write({ Dockerfile: `FROM ${testImage}\nRUN echo first > /www\nVOLUME /data\n` })
    const run = dockerfile({ networks: ['backend'], volumes: ['kept:/kept'] })
    expect(await stage.run(1, run, ['cat', '/www'])).toBe(0)
    expect(stage.output).toContain('Successfully built')
    expect(stage.output).toMatch(/\nfirst\n$/)
    expect(await list(docker, 'network')).toEqual(['bridge', 'host', 'none'])
    const volumes = await list(docker, 'volume')
    expect(volumes.filter((name) => name !== 'data')).toEqual(['kept'])
    expect(await names(docker)).toEqual([])
    // What is deployed then is what was built.
    stage.output = ''
    await stage.write({
      Dockerfile: `FROM ${testImage}\nRUN echo first > /www\nVOLUME /data\nCMD sleep 1000\n`,
    })
    await stage.apply(1, run)
    expect(stage.output).toContain('Using cache')
  })

  it('is of the image that the deployment used, when that is told', async () => {
    const { stage, docker } = on
    const run = image({ image: 'app:1', pull: 'never' })
    const as = async (text: string) => {
      const id = await docker.docker('create', testImage, 'true')
      await docker.docker('commit', '--change', `ENV TEXT=${text}`, id, 'app:1')
      await docker.docker('rm', id)
    }
    await as('old')
    const made = await stage.apply(1, run)
    await as('new')
    const say = ['sh', '-c', 'echo "it is $TEXT"']
    await stage.run(2, run, say)
    await stage.run(3, run, say, { made })
    expect(stage.output).toContain('it is new\nit is old\n')
  })

  it('is refused as an apply is, and told what its image lacks', async () => {
    const { stage, docker } = on
    await expect(stage.run(1, image({ volumes: ['/etc:/host'] }), ['true'])).rejects.toMatchObject({
      code: 'POLICY_REFUSED',
    })
    await expect(stage.run(1, image(), ['no-such-program'])).rejects.toMatchObject({
      code: 'COMMAND_MISSING',
    })
    expect(await names(docker)).toEqual([])
  })

  it('ends with the service', async () => {
    const { stage, docker } = on
    await stage.apply(1, image())
    for (const kind of ['instance', 'container'] as const) {
      const before = stage.output
      const running = stage.run(1, image(), ['sh', '-c', 'echo began; sleep 1000'], { in: { kind } })
      const ended = expect(running).rejects.toMatchObject({ code: 'COMMAND_ENDED' })
      await vi.waitFor(() => expect(stage.output.slice(before.length)).toContain('began'), 20_000)
      await stage.end()
      await ended
      expect(await names(docker)).toEqual([])
      await stage.apply(1, image())
    }
  })
})

describe('a command in an instance', needs('docker'), () => {
  const on = onStage()

  it('needs one that runs, and what its image has', async () => {
    const { stage } = on
    const inside = { in: { kind: 'instance' } } as const
    await expect(stage.run(1, image(), ['true'], inside)).rejects.toMatchObject({ code: 'INSTANCE_MISSING' })
    await stage.apply(1, image())
    await expect(stage.run(1, image(), ['no-such'], inside)).rejects.toMatchObject({
      code: 'COMMAND_MISSING',
    })
    expect(await stage.run(1, image(), ['sh', '-c', 'exit 126'], inside)).toBe(126)
  })

  it('that ignores SIGTERM is killed, and whatever else is in there is not', async () => {
    const { stage, docker } = on
    const { lasts, alive } = testCommands(6_000_000 + process.pid)
    await stage.apply(1, image({ grace: '200ms' }))
    await docker.docker('exec', '--detach', nameOf(1), 'sleep', '1234567')
    const abort = new AbortController()
    const argv = ['sh', '-c', `trap "" TERM; ${lasts[2]}`]
    const running = stage.run(1, image({ grace: '200ms' }), argv, {
      in: { kind: 'instance' },
      signal: abort.signal,
    })
    const ended = expect(running).rejects.toThrow('enough')
    await vi.waitFor(() => expect(stage.output).toContain('began'), 20_000)
    abort.abort(new Error('enough'))
    await ended
    expect(await alive()).toBe(0)
    expect(await docker.docker('top', nameOf(1))).toContain('sleep 1234567')
  })

  it('is ended from within where the processes of the engine cannot be seen', async () => {
    const { stage, docker } = on
    await stage.apply(1, image())
    const engine = new Engine(findEndpoint(docker.host, {}))
    const [mark, other] = [markOf('aaaaaaaaaaaa'), markOf('bbbbbbbbbbbb')]
    for (const each of [mark, other])
      await docker.docker(
        'exec',
        '--detach',
        '--env',
        each,
        nameOf(1),
        'sh',
        '-c',
        'sleep 777 & sleep 777; :',
      )
    const left = async () => (await docker.docker('top', nameOf(1))).match(/sleep 777/g)?.length ?? 0
    await vi.waitFor(async () => expect(await left()).toBe(8), 20_000)
    const [container] = (await docker.docker('ps', '--quiet', '--no-trunc')).split('\n')
    const marked = new Marked(engine, container!, systemClock, '/nowhere')
    await marked.end(mark, 1_000, async () => true)
    expect(await left()).toBe(4)
    await marked.endLeft()
    expect(await left()).toBe(0)
  })
})

describe('a command of a compose project', needsCompose(), () => {
  const on = onStage(() => ({ compose: composeBinary() }))
  afterEach(() => clearEngine(on.docker))

  const sleeps = { image: testImage, command: ['sleep', '1000'], stop_signal: 'SIGKILL' }
  const run = { kind: 'compose', ...ComposeRun.parse({ env: { PASSWORD: { secret: 'fake:db' } } }) }
  const project = (page: string) => ({
    'compose.yaml': JSON.stringify({
      services: {
        db: {
          ...sleeps,
          command: ['httpd', '-f', '-p', '80', '-h', '/data'],
          volumes: ['data:/data'],
          ports: ['127.0.0.1:8081:80'],
          healthcheck: { test: ['CMD', 'true'], interval: '200ms' },
        },
        web: {
          ...sleeps,
          build: '.',
          container_name: 'web',
          depends_on: { db: { condition: 'service_healthy' } },
          ports: ['127.0.0.1:8080:80'],
          secrets: ['password'],
          restart: 'always',
        },
      },
      volumes: { data: {} },
      secrets: { password: { environment: 'PASSWORD' } },
    }),
    Dockerfile: `FROM ${testImage}\nRUN echo ${page} > /page\n`,
  })
  const migrate = ['sh', '-c', 'cat /page /run/secrets/password; echo; wget -qO- http://db/; echo ok']
  const web = { in: { kind: 'container', service: 'web' } } as const

  it('has before the first deployment what it depends on, and leaves only data; later what runs stays as it is', async () => {
    const { stage, docker } = on
    stage.secrets['fake:db'] = 'hunter2'
    const networks = await list(docker, 'network')
    await stage.write({ ...project('first') })
    expect(await stage.run(1, run, ['sh', '-c', 'cat /page; exit 4'], web)).toBe(4)
    expect(await names(docker)).toEqual([])
    expect(await list(docker, 'network')).toEqual(networks)
    expect(await list(docker, 'volume')).toEqual(['longshore-hello_data'])

    await stage.apply(1, run)
    const before = await docker.docker('ps', '--all', '--format', '{{.ID}} {{.Names}}')
    await stage.write(project('second'))
    stage.output = ''
    await docker.docker('exec', 'longshore-hello-db-1', 'sh', '-c', 'echo data > /data/index.html')
    expect(await stage.run(2, run, migrate, web)).toBe(0)
    expect(stage.output).toMatch(/second\nhunter2\ndata\nok\n$/)
    expect(await docker.docker('ps', '--all', '--format', '{{.ID}} {{.Names}}')).toBe(before)
    stage.output = ''
    expect(await stage.run(2, run, ['cat', '/page'], { in: { kind: 'instance', service: 'web' } })).toBe(0)
    expect(stage.output).toBe('first\n')
    await stage.apply(2, run)
    expect(await docker.docker('exec', 'web', 'cat', '/page')).toBe('second')
  })

  it('is refused as an apply is; names a service of the project; and is told what its image lacks', async () => {
    const { stage, docker } = on
    stage.secrets['fake:db'] = 'hunter2'
    await stage.write(project('first'))
    const refused = (argv: string[], more: object) => stage.run(1, run, argv, more)
    await expect(refused(['true'], {})).rejects.toMatchObject({ code: 'COMMAND_SERVICE' })
    const nobody = { in: { kind: 'container', service: 'nobody' } }
    await expect(refused(['true'], nobody)).rejects.toMatchObject({ code: 'COMMAND_SERVICE' })
    const db = { in: { kind: 'container', service: 'db' } }
    await expect(refused(['no-such-program'], db)).rejects.toMatchObject({ code: 'COMMAND_MISSING' })
    await stage.write({
      'compose.yaml': JSON.stringify({ services: { web: { ...sleeps, privileged: true } } }),
    })
    await expect(refused(['true'], {})).rejects.toMatchObject({ code: 'POLICY_REFUSED' })
    expect(await names(docker)).toEqual([])
  })
})
