import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Secret } from '@longshore/core'
import { DockerEngine, testImage } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ComposeRun } from '../src/compose/config.js'
import { composeRules } from '../src/compose/rules.js'
import { refused, service, variable, volume } from './compose-refused.js'
import { clearEngine, needsCompose, openRuntime, testFolder } from './compose-bench.js'

describe('the policy of compose projects', needsCompose(), () => {
  let docker: DockerEngine
  let folder: Awaited<ReturnType<typeof testFolder>>
  let checkout: string

  beforeAll(async () => {
    docker = await DockerEngine.start()
    await docker.docker('volume', 'create', 'stranger')
    await docker.docker('network', 'create', 'stranger')
    folder = await testFolder()
    await mkdir(join(folder.path, 'outside'))
    await writeFile(join(folder.path, 'outside/secret'), 'TOP=outside-content\nno line of variables')
    await writeFile(join(folder.path, 'outside/compose.yaml'), 'outside-content: [')
    checkout = await mkdtemp(join(folder.path, 'checkout-'))
    await mkdir(join(checkout, 'links'))
    const outside = join(folder.path, 'outside')
    const links = {
      root: '/',
      socket: '/var/run/docker.sock',
      nowhere: join(outside, 'none'),
      folder: outside,
    }
    for (const [name, target] of Object.entries(links)) await symlink(target, join(checkout, 'links', name))
    await symlink('../../outside/secret', join(checkout, 'links/secret'))
    await symlink('secret', join(checkout, 'links/chain'))
    await symlink(join(outside, 'compose.yaml'), join(checkout, 'links/compose.yaml'))
    const files = {
      '.env': 'FROM_ENV=/etc\nGREETING=hello',
      Dockerfile: `FROM ${testImage}`,
      'far/app.yaml': JSON.stringify(service({})),
      'far/extends.yaml': JSON.stringify(
        service({ extends: { file: '../../outside/compose.yaml', service: 'app' } }),
      ),
    }
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(checkout, name)), { recursive: true })
      await writeFile(join(checkout, name), text)
    }
  })
  afterAll(async () => {
    await docker.close()
    await folder.remove()
  })

  const apply = async (project: object | string, options: object = {}) => {
    const text = typeof project === 'string' ? project : JSON.stringify(project)
    await writeFile(join(checkout, 'compose.yaml'), text.replaceAll('/outside', join(folder.path, 'outside')))
    const runtime = openRuntime(docker, await mkdtemp(join(folder.path, 'data-')))
    const env = { ROOT: '/', PW: { secret: 'env:PW' } }
    const said: string[] = []
    const sha = 'a'.repeat(40)
    const plan = {
      ...{
        service: 'shop',
        host: 'box',
        deployment: 'deployment000001',
        directory: checkout,
        timeout: 60_000,
      },
      commit: { sha, author: 'Ines', time: '2026-01-01T00:00:00.000Z', message: 'a change', parents: [] },
      run: { kind: 'compose', ...ComposeRun.parse({ env, ...options }) },
      env: { LONGSHORE_SERVICE: 'shop', LONGSHORE_COMMIT: sha },
    }
    const made = await runtime.apply(plan, {
      signal: AbortSignal.timeout(60_000),
      output: { write: async (_, bytes) => void said.push(String(bytes)) },
      secret: async () => new Secret('hunter2-$1'),
      aside: (work) => work(),
    })
    return {
      made,
      said: said.join(''),
      end: () =>
        runtime.end(plan, {
          signal: AbortSignal.timeout(60_000),
          output: { write: async () => undefined },
          secret: () => Promise.reject(new Error()),
          aside: (work) => work(),
        }),
    }
  }

  it.each(refused)('%s: %s', async (rule, _what, project) => {
    const error = (await apply(project).catch((reason: unknown) => reason)) as Error & { data?: object }
    expect(error).toMatchObject({ code: 'POLICY_REFUSED', data: { rule } })
    expect(error.message).toContain('compose.yaml')
    expect(error.message).not.toContain('outside-content')
    expect(await docker.docker('ps', '--all', '--quiet')).toBe('')
    expect((await docker.docker('images', '--quiet')).split('\n')).toHaveLength(1)
  })

  it('tries every rule', () => {
    expect([...new Set(refused.map(([rule]) => rule))].sort()).toEqual([...composeRules])
  })

  it('lifts a rule by its name, and no other', async () => {
    const project = service({
      cap_add: ['NET_ADMIN'],
      sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
    })
    await expect(apply(project, { allow: ['sysctls'] })).rejects.toMatchObject({
      data: { rule: 'capabilities' },
    })
    const { end } = await apply(project, { allow: ['sysctls', 'capabilities'] })
    await end()
  })

  it.each([
    ['COMPOSE_LABEL', service({ labels: { 'longshore.service': 'other' } })],
    ['COMPOSE_LABEL', service({ labels: { 'com.docker.compose.project': 'other' } })],
    ['COMPOSE_LABEL', volume({ labels: { 'longshore.host': 'other' } })],
    ['COMPOSE_SECRET', service({ volumes: [`./${variable('PW')}:/host`] })],
    ['COMPOSE_SECRET', service({ working_dir: variable('PW') })],
    ['COMPOSE_FILE', '["no map"]'],
    ['COMPOSE_FILE', 'services: {'],
    ['COMPOSE_FILE', 'services: !!binary aW5jbHVkZQ=='],
    ['COMPOSE_FILE', 'services: {}\nservices: {}'],
    ['COMPOSE_FAILED', 'services: { app: { imgae: x } }'],
  ])('%s', async (code, project) => {
    await expect(apply(project)).rejects.toMatchObject({ code })
  })

  it('a compose file that is a link out of the checkout is not read', async () => {
    await expect(apply({}, { files: ['links/compose.yaml'] })).rejects.toMatchObject({
      data: { rule: 'outside-file' },
    })
    await expect(apply({}, { files: ['../outside/compose.yaml'] })).rejects.toMatchObject({
      data: { rule: 'outside-file' },
    })
    await expect(apply({}, { files: ['none.yaml'] })).rejects.toMatchObject({ code: 'COMPOSE_FILE' })
  })

  it('nothing of its own environment is there, and a secret is shown nowhere', async () => {
    process.env['VAULT_SECRET_ID'] = 'of-longshore'
    const names = ['VAULT_SECRET_ID', 'PATH', 'HOME', 'ROOT', 'GREETING', 'LONGSHORE_COMMIT']
    const environment = Object.fromEntries(names.map((name) => [`IT_${name}`, `<\${${name}}>`]))
    const { made, said, end } = await apply(
      service({
        environment: { ...environment, PW: variable('PW'), PRICE: '5$$' },
        ports: ['80'],
        labels: { a: '$$b' },
      }),
    )
    delete process.env['VAULT_SECRET_ID']
    const [env, labels] = (
      await docker.docker(
        'inspect',
        '--format',
        '{{json .Config.Env}}\n{{json .Config.Labels}}',
        'longshore-shop-app-1',
      )
    ).split('\n')
    expect(JSON.parse(env!)).toEqual(
      expect.arrayContaining([
        'IT_VAULT_SECRET_ID=<>',
        'IT_PATH=<>',
        'IT_HOME=<>',
        'IT_ROOT=</>',
        'IT_GREETING=<hello>',
        'PW=hunter2-$1',
        'PRICE=5$',
        `IT_LONGSHORE_COMMIT=<${'a'.repeat(40)}>`,
      ]),
    )
    expect(labels).not.toContain('hunter2')
    expect(JSON.parse(labels!)).toMatchObject({ a: '$b', 'longshore.service': 'shop' })
    expect(JSON.stringify(made)).not.toContain('hunter2')
    expect(made!.resolved).toContain(`PW: ${variable('PW')}`)
    expect(said).not.toContain('hunter2')
    await end()
  })

  it("a build takes no other image's name, and is known by its own in the project", async () => {
    const image = (name: string) => docker.docker('images', '--quiet', '--no-trunc', name)
    const before = await image(testImage)
    const build = { dockerfile_inline: `FROM ${testImage}\nLABEL a=b`, context: '.', tags: ['stranger:2'] }
    const one = { image: testImage, build, command: ['sleep', '1000'], stop_signal: 'SIGKILL' }
    const { made, end } = await apply({
      services: { one, two: { ...one, build: undefined, command: ['sleep', '1001'] } },
    })
    expect(await image(testImage)).toBe(before)
    expect(await image('stranger:2')).toBe('')
    expect(made!.images['one']).not.toBe(before)
    expect(made!.images['two']).toBe(made!.images['one'])
    await end()
    await docker.docker('rmi', '--force', made!.images['one']!)
  })

  it('goes on with its own volumes and networks, and with those that are allowed', async () => {
    const project = { ...volume({ name: 'mine' }), networks: { default: { name: 'ours' } } }
    await apply(project)
    const { end } = await apply({ ...project, volumes: { data: { name: 'mine', external: true } } })
    await end()
    const other = volume({ external: true, name: 'stranger' })
    const again = await apply(other, { allow: ['foreign-volume'] })
    await again.end()
    await expect(apply(other)).rejects.toMatchObject({ data: { rule: 'foreign-volume' } })
  })

  it('does not touch a project that somebody else made', async () => {
    await docker.docker('volume', 'create', '--label', 'com.docker.compose.project=shop', 'shop_data')
    const project = service({})
    await expect(apply(project, { project: 'shop' })).rejects.toMatchObject({ code: 'COMPOSE_PROJECT' })
    await clearEngine(docker)
    const { end } = await apply(project, { project: 'shop' })
    await end()
  })
})
