import { createServer, type Server } from 'node:net'
import { Writable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  createLogger,
  definePlugin,
  HostInfo,
  inject,
  manyToken,
  optional,
  Secret,
  token,
  type Logger,
  type Plugin,
} from '../src/index.js'
import { Kernel } from '../src/kernel/kernel.js'
import { FakeSecretStore, startTestKernel, verifyPlugin } from '../src/testkit/index.js'
import { SecretStore, Secrets } from '../src/index.js'

interface Greeter {
  greet(): string
}
const Greeter = token<Greeter>('Greeter')
const Voice = manyToken<string>('Voice')
const kernels: Kernel[] = []
const logged: string[] = []
const logger: Logger = createLogger({ level: 'debug', to: { write: (line) => void logged.push(line) } })

function make(plugins: Plugin[], value: object = {}): Kernel {
  const kernel = new Kernel({
    plugins,
    config: { file: 'test', value: { version: 1, ...value } },
    data: '/tmp',
    version: '0',
    logger,
  })
  kernels.push(kernel)
  return kernel
}

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop()
  logged.length = 0
})

const nothing = () => undefined
const greeter = definePlugin({
  name: 'greeter',
  provides: [Greeter],
  setup: ({ provide }) => provide(Greeter, { greet: () => 'hello' }),
})

describe('plugins', () => {
  it('are set up after what they need, whatever the order they are given in', () => {
    const heard: string[] = []
    const guest = definePlugin({
      name: 'guest',
      needs: { greeter: Greeter },
      setup: ({ needs }) => void heard.push(needs.greeter.greet()),
    })
    make([guest, greeter])
    expect(heard).toEqual(['hello'])
  })

  it('see everything that many provide, by kind, and do without what is optional', () => {
    const heard: unknown[] = []
    const choir = definePlugin({
      name: 'choir',
      needs: { voices: Voice, greeter: optional(Greeter) },
      setup: ({ needs }) => void heard.push([...needs.voices], needs.greeter),
    })
    const voice = (kind: string) =>
      definePlugin({
        name: kind,
        provides: [Voice],
        setup: ({ provide }) => provide(Voice, kind, kind.toUpperCase()),
      })
    make([choir, voice('alto'), voice('bass')])
    expect(heard).toEqual([
      [
        ['alto', 'ALTO'],
        ['bass', 'BASS'],
      ],
      undefined,
    ])
  })

  it('that fit together badly are refused with a code that names them', () => {
    const A = token<string>('A')
    const B = token<string>('B')
    const one = definePlugin({ name: 'one', needs: { b: B }, provides: [A], setup: nothing })
    const two = definePlugin({ name: 'two', needs: { a: A }, provides: [B], setup: nothing })
    const refusal = (plugins: Plugin[]) => {
      try {
        make(plugins)
      } catch (error) {
        const { code, message } = error as { code: string; message: string }
        return `${code} ${message}`
      }
      return 'fine'
    }
    expect(refusal([one, two])).toBe('PLUGIN_CYCLE plugins need one another: one → two → one')
    expect(refusal([one])).toBe('PLUGIN_NEED_UNMET the plugin one needs B, which nobody provides')
    expect(refusal([greeter, greeter])).toContain('PLUGIN_TWICE')
    expect(refusal([greeter, { ...greeter, name: 'other' }])).toBe(
      'PLUGIN_PROVIDES_TWICE Greeter is provided by greeter and by other',
    )
    expect(refusal([definePlugin({ name: 'sly', setup: ({ provide }) => provide(A, 'x') })])).toContain(
      'PLUGIN_UNDECLARED',
    )
    expect(
      refusal([definePlugin({ name: 'lazy', provides: [A], setup: nothing }), { ...two, name: 'needy' }]),
    ).toContain('PLUGIN_NEED_UNMET')
    expect(refusal([definePlugin({ name: 'thief', provides: [HostInfo], setup: nothing })])).toContain(
      'PLUGIN_PROVIDES_TWICE',
    )
  })

  it('get their own section of the config, checked, and no other key is known', () => {
    const sections: unknown[] = []
    const plugin = definePlugin({
      name: 'mine',
      config: z.strictObject({ size: z.int().default(3) }).prefault({}),
      setup: ({ config }) => void sections.push(config),
    })
    make([plugin])
    make([plugin], { mine: { size: 4 } })
    expect(sections).toEqual([{ size: 3 }, { size: 4 }])
    expect(() => make([plugin], { mine: { sise: 4 } })).toThrow(/sise/)
    expect(() => make([plugin], { yours: {} })).toThrow(/yours/)
  })

  it('may be classes, when every constructor parameter says what it needs', () => {
    class Good {
      readonly greeter: Greeter

      constructor(given: Greeter) {
        this.greeter = given
      }
    }
    inject(Greeter)(Good, undefined, 0)
    class Bad extends Good {
      readonly other: string

      constructor(given: Greeter, other: string) {
        super(given)
        this.other = other
      }
    }
    inject(Greeter)(Bad, undefined, 0)
    let built: Good | undefined
    const guest = (type: new (...args: any[]) => unknown) =>
      definePlugin({
        name: 'guest',
        needs: { greeter: Greeter },
        setup: ({ build }) => void (built = build(type) as Good),
      })
    make([greeter, guest(Good)])
    expect(built?.greeter.greet()).toBe('hello')
    expect(() => make([greeter, guest(Bad)])).toThrow(expect.objectContaining({ code: 'PLUGIN_UNANNOTATED' }))
  })

  it('of two kernels in one process share nothing', () => {
    const other = {
      ...greeter,
      setup: (({ provide }) => provide(Greeter, { greet: () => 'moin' })) as typeof greeter.setup,
    }
    expect([make([greeter]).get(Greeter).greet(), make([other]).get(Greeter).greet()]).toEqual([
      'hello',
      'moin',
    ])
  })
})

describe('a life', () => {
  const steps: string[] = []
  const living = (name: string, more: Partial<Record<'start' | 'stop', () => Promise<void>>> = {}) =>
    definePlugin({
      name,
      setup({ hooks }) {
        hooks.started.tap(async () => {
          steps.push(`+${name}`)
          await more.start?.()
        })
        hooks.stopping.tap(async () => {
          steps.push(`-${name}`)
          await more.stop?.()
        })
      },
    })

  afterEach(() => void (steps.length = 0))

  it('ends in the reverse order, once, also when one part fails to end', async () => {
    const kernel = make([
      living('a'),
      living('b', { stop: () => Promise.reject(new Error('stuck')) }),
      living('c'),
    ])
    await kernel.start()
    await Promise.all([kernel.stop(), kernel.stop()])
    expect(steps).toEqual(['+a', '+b', '+c', '-c', '-b', '-a'])
    expect(logged.join()).toContain('a plugin did not stop as it should')
  })

  it('that cannot begin ends what had begun, and says why', async () => {
    const kernel = make([
      living('a'),
      living('b', { start: () => Promise.reject(new Error('no port')) }),
      living('c'),
    ])
    await expect(kernel.start()).rejects.toThrow('no port')
    expect(steps).toEqual(['+a', '+b', '-b', '-a'])
    expect(kernel.contributions.ready()).toBe(false)
  })
})

describe('a secret', () => {
  it('is not printed, logged or serialised, however it is hidden in something', () => {
    const secret = new Secret('hunter2')
    const error = Object.assign(new Error('failed'), { config: { headers: { authorization: 'hunter2' } } })
    logger.info({ secret, deep: { list: [secret], map: { secret } } }, 'said')
    logger.error({ error, cause: new Error('outer', { cause: error }) }, 'failed')
    const said = [...logged, String(secret), `${secret.toString()}`, JSON.stringify({ secret })].join('\n')
    expect(said).not.toContain('hunter2')
    expect(said).toContain('[secret]')
    expect(secret.open()).toBe('hunter2')
  })

  it('is opened from the store that its reference names, or refused with a code', async () => {
    const store = new FakeSecretStore()
    store.values.set('a#b', 'x')
    const plugin = definePlugin({
      name: 'store',
      provides: [SecretStore],
      setup: ({ provide }) => provide(SecretStore, 'mem', store),
    })
    const secrets = make([plugin]).get(Secrets)
    expect((await secrets.open({ secret: 'mem:a#b' })).open()).toBe('x')
    await expect(secrets.open({ secret: 'mem:a#c' })).rejects.toMatchObject({ code: 'SECRET_MISSING' })
    await expect(secrets.open({ secret: 'vault:a#b' })).rejects.toMatchObject({
      code: 'SECRET_STORE_UNKNOWN',
    })
  })
})

describe('verifyPlugin', () => {
  const broken = async (plugin: Plugin) => {
    const results = await Promise.allSettled(
      verifyPlugin(plugin, { config: { services: {} } }).map(({ run }) => run()),
    )
    return results.map(({ status }) => status === 'fulfilled')
  }

  it('holds for a plugin that owes nothing', async () => {
    for (const { run } of verifyPlugin(greeter, { config: { services: {} } })) await run()
  })

  it('names what a plugin owes', async () => {
    expect(await broken({ ...greeter, name: 'Bad_Name' })).toContain(false)
    expect(
      await broken(definePlugin({ name: 'kinds', protocol: { events: { Boom: z.any() } }, setup: nothing })),
    ).toContain(false)
  })

  it('and refuses to start one that names a right for events that are not its own', () => {
    const protocol = { events: { 'moon.landed': z.any() }, rights: { 'moon.landd': 'moons:read' as const } }
    const plugin = definePlugin({ name: 'moons', protocol, setup: nothing })
    const options = { plugins: [plugin], config: { services: {} } }
    return expect(startTestKernel(options)).rejects.toMatchObject({ code: 'EVENT_RIGHT_STRAY' })
  })

  it('finds what is left open', async () => {
    const servers: Server[] = []
    const plugin = definePlugin({
      name: 'leaky',
      setup({ hooks }) {
        hooks.started.tap(() => void servers.push(createServer().listen(0, '127.0.0.1')))
      },
    })
    const life = verifyPlugin(plugin, { config: { services: {} } }).at(-1)
    await expect(life?.run()).rejects.toThrow('left open')
    for (const server of servers) server.close()
  })
})

it('a log line is one line of JSON with its level and time', () => {
  const lines: string[] = []
  const to = new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) })
  createLogger({ level: 'warn', to }).info({ a: 1 }, 'hidden')
  createLogger({ level: 'warn', to }).child({ service: 'api' }).warn({ a: 1 }, 'shown')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn', service: 'api', a: 1, msg: 'shown' })
})
