import { needs } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Registry } from './registry.js'
import { deploymentOf, image, onStage } from './stage.js'

describe('images from a registry', needs('docker'), () => {
  const on = onStage(() => ({ images: 2 }))
  let registry: Registry
  beforeEach(async () => {
    on.stage.secrets['env:REGISTRY'] = 'open sesame'
    registry = await Registry.start(on.docker, 'bot:open sesame')
  })
  afterEach(() => registry.close())

  const login = { username: 'bot', password: { secret: 'env:REGISTRY' } }
  const app = (tag: string, more: object = {}) =>
    image({ image: `${registry.name}:${tag}`, command: undefined, registry: login, ...more })
  const version = async () => {
    const id = await on.docker.docker('ps', '-q', '--filter', 'label=longshore.service=hello')
    return on.docker.docker('exec', id, 'cat', '/version')
  }
  const tags = async () => {
    const all = await on.docker.docker('images', '--format', '{{.Repository}}:{{.Tag}}')
    return all
      .split('\n')
      .filter((tag) => !tag.startsWith('longshore-test'))
      .sort()
  }

  it('a wrong password and an unknown tag are IMAGE_MISSING with a hint; the password is not told', async () => {
    await registry.push('1', 'one')
    on.stage.secrets['env:REGISTRY'] = 'a wrong word'
    const refused = (await on.stage.apply(1, app('1')).catch((error: unknown) => error)) as Error & {
      hint: string
    }
    expect(refused).toMatchObject({ code: 'IMAGE_MISSING', hint: expect.stringContaining('run.registry') })
    expect(JSON.stringify([refused, refused.message, on.stage.output])).not.toContain('a wrong word')
    on.stage.secrets['env:REGISTRY'] = 'open sesame'
    await expect(on.stage.apply(2, app('none'))).rejects.toMatchObject({ code: 'IMAGE_MISSING' })
  })

  it('pulls what is missing, and answers the digest and the names of variables', async () => {
    const digest = await registry.push('1', 'one')
    const made = await on.stage.apply(1, app('1', { env: { COLOUR: 'blue' } }))
    expect(made).toEqual({
      images: { [`${registry.name}:1`]: `${registry.name}@${digest}` },
      env: ['COLOUR', 'LONGSHORE_DEPLOYMENT', 'LONGSHORE_SERVICE'],
      resolved: expect.stringContaining('env:\n  - COLOUR\n') as string,
    })
    expect(await version()).toBe('one')
    const asked = registry.asked.length
    await on.stage.apply(2, app('1'))
    expect(registry.asked.length).toBe(asked)
  })

  it('pulls by digest; and always where that is wanted', async () => {
    const digest = await registry.push('1', 'one')
    await on.stage.apply(
      1,
      image({ image: `${registry.name}@${digest}`, command: undefined, registry: login }),
    )
    expect(await version()).toBe('one')
    await registry.push('1', 'two')
    await on.stage.apply(2, app('1', { pull: 'always' }))
    expect(await version()).toBe('two')
    await registry.push('1', 'three')
    await on.stage.apply(3, app('1'))
    expect(await version()).toBe('two')
  })

  it('a deployment that repeats one uses its image, here or pulled again, when the tag has moved', async () => {
    await registry.push('1', 'one')
    const first = await on.stage.apply(1, app('1'))
    await registry.push('1', 'two')
    await on.stage.apply(2, app('1', { pull: 'always' }))
    expect(await version()).toBe('two')
    const asked = registry.asked.length
    expect(await on.stage.apply(3, app('1', { pull: 'always' }), { made: first })).toMatchObject({
      images: first.images,
    })
    expect(await version()).toBe('one')
    expect(registry.asked.length).toBe(asked)
    // Everything of it is gone: the digest is pulled.
    await on.stage.apply(4, app('1'))
    const [used] = Object.values(first.images)
    await on.docker.docker('rmi', '--force', used!, `longshore/hello:${deploymentOf(3)}`)
    await on.stage.apply(5, app('1'), { made: first })
    expect(await version()).toBe('one')
  })

  it('keeps the last images for a rollback, and lets go of older ones and the names that it pulled them by', async () => {
    for (const number of [1, 2, 3]) {
      await registry.push(`v${number}`, `${number}`)
      await on.stage.apply(number, app(`v${number}`))
    }
    const mine = (number: number) =>
      expect.stringMatching(`^longshore/hello:${deploymentOf(number)}\\.[0-9a-f]{12}$`)
    const name = (number: number) => `${registry.name}:v${number}`
    expect(await tags()).toEqual([name(2), name(3), mine(2), mine(3)])
    // The same image once more is no further one.
    await on.stage.apply(4, app('v3'))
    expect(await tags()).toEqual([name(2), name(3), mine(2), mine(4)])
  })

  it('keeps no more of a service that is stopped before each deployment', async () => {
    for (const number of [1, 2, 3]) {
      await registry.push(`v${number}`, `${number}`)
      await on.stage.apply(number, app(`v${number}`))
      await on.stage.end()
    }
    expect(await tags()).toHaveLength(4)
  })

  it('leaves images that somebody else brought or named', async () => {
    await registry.push('ours', 'two')
    await on.stage.apply(1, app('ours'))
    await on.docker.docker('tag', `${registry.name}:ours`, 'mine:1')
    for (const number of [2, 3, 4]) {
      await registry.push(`v${number}`, `${number}`)
      await on.stage.apply(number, app(`v${number}`))
    }
    expect(await tags()).toContain('mine:1')
    expect(await tags()).not.toContain(`${registry.name}:ours`)
  })

  it('one that never came to run is not kept', async () => {
    await registry.push('bad', 'bad')
    await expect(on.stage.apply(1, app('bad', { command: ['nothing'] }))).rejects.toMatchObject({
      code: 'OPTION_REFUSED',
      message: expect.stringContaining('run.command'),
    })
    expect(await tags()).toEqual([])
  })
})
