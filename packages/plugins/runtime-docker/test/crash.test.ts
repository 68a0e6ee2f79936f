import { needs } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { bodyOf } from '../src/container/body.js'
import { Engine } from '../src/client.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { image, nameOf, names, onStage } from './stage.js'

/** Longshore ends at each instant of a replacement: what is there then is made as it would be, and the next one comes. */
describe('a replacement that was broken off', needs('docker'), () => {
  const on = onStage()

  const ports = ['127.0.0.1:8080:80']
  const lasts = image({ ports })
  const fails = image({ ports, command: ['sh', '-c', 'exit 3'] })
  const missing = image({ ports, image: 'longshore-test:none', pull: 'never' })
  /** The container that a deployment makes and tries, not started. */
  const trial = async (number: number, run = lasts) => {
    const plan = { ...(await on.stage.plan(number, run)), run }
    const engine = new Engine(findEndpoint(on.docker.host, {}))
    return engine.create(await bodyOf(plan, 'longshore-test:1', () => Promise.reject(new Error('none'))))
  }
  /** Kept, and stopped to make room for a try that is not started. */
  const between = async () => {
    await on.stage.apply(1, lasts)
    await trial(2)
    await on.docker.docker('stop', '-t', '0', nameOf(1))
    on.stage.reopen()
  }

  it('before the old one made room: the next one replaces both', async () => {
    await on.stage.apply(1, lasts)
    await trial(2)
    on.stage.reopen()
    expect(await on.stage.up()).toEqual([1])
    await on.stage.apply(3, lasts)
    expect(await names(on.docker)).toEqual([`${nameOf(3)} running`])
  })

  for (const [how, run] of [
    ['fails', fails],
    ['has no image', missing],
    ['is refused', image({ ports, volumes: ['/etc:/host'] })],
  ] as const)
    it(`when nothing runs: the old one is back if the next one ${how}`, async () => {
      await between()
      expect(await on.stage.up()).toEqual([])
      await expect(on.stage.apply(3, run)).rejects.toThrow()
      expect(await names(on.docker)).toEqual([`${nameOf(1)} running`])
    })

  it('when nothing runs: the same deployment goes on where it was', async () => {
    await between()
    await on.stage.apply(2, lasts)
    expect(await names(on.docker)).toEqual([`${nameOf(2)} running`])
  })

  it('when the new one runs and nobody knows yet whether it is well', async () => {
    await between()
    await on.docker.docker('start', `${nameOf(2)}.new`)
    expect(await on.stage.up()).toEqual([2])
    await expect(on.stage.apply(3, fails)).rejects.toMatchObject({ code: 'CONTAINER_FAILED' })
    expect(await names(on.docker)).toEqual([`${nameOf(1)} running`])
  })

  it('the same deployment asked again is not kept unseen', async () => {
    await on.stage.apply(1, lasts)
    const sick = image({ healthcheck: { test: ['false'], interval: '100ms', retries: 1 } })
    await on.docker.docker('start', await trial(2, sick))
    on.stage.reopen()
    await expect(on.stage.apply(2, sick)).rejects.toMatchObject({ code: 'CONTAINER_FAILED' })
    expect(await names(on.docker)).toEqual([`${nameOf(1)} running`])
  })

  it('when both were kept: the newer one stays if the next one fails', async () => {
    await on.stage.apply(1, image())
    await on.docker.docker('start', await trial(2, image()))
    await on.docker.docker('rename', `${nameOf(2)}.new`, nameOf(2))
    on.stage.reopen()
    expect(await on.stage.up()).toEqual([1, 2])
    await expect(on.stage.apply(3, image({ command: ['sh', '-c', 'exit 3'] }))).rejects.toThrow()
    expect(await names(on.docker)).toEqual([`${nameOf(2)} running`])
  })

  it('while the old one is brought back', async () => {
    await between()
    await on.docker.docker('start', `${nameOf(2)}.new`)
    await on.docker.docker('stop', '-t', '0', `${nameOf(2)}.new`)
    await expect(on.stage.apply(3, missing)).rejects.toMatchObject({ code: 'IMAGE_MISSING' })
    expect(await names(on.docker)).toEqual([`${nameOf(1)} running`])
  })

  it('a stop ends all of it, and brings nothing back', async () => {
    await between()
    await on.stage.end()
    expect(await names(on.docker)).toEqual([])
  })

  it('one that somebody stopped by hand is not started by a deployment that fails', async () => {
    await on.stage.apply(1, lasts)
    await on.docker.docker('stop', '-t', '0', nameOf(1))
    await expect(on.stage.apply(2, fails)).rejects.toThrow()
    expect(await names(on.docker)).toEqual([`${nameOf(1)} exited`])
  })

  it('the engine goes away in the middle: the same deployment is asked again when it is back', async () => {
    await on.stage.apply(1, lasts)
    const probe = { test: ['sh', '-c', 'test -e /tmp/ready'], interval: '100ms', retries: 100 }
    const run = image({ ports, healthcheck: probe })
    const first = on.stage.apply(2, run)
    const lost = expect(first).rejects.toMatchObject({ code: 'ENGINE_AWAY' })
    await expect
      .poll(() => names(on.docker), { timeout: 20_000 })
      .toEqual([`${nameOf(1)} exited`, `${nameOf(2)}.new running`])
    await on.docker.kill()
    await lost
    await on.docker.up()
    const again = on.stage.apply(2, run)
    await expect.poll(() => names(on.docker), { timeout: 20_000 }).toContain(`${nameOf(2)}.new running`)
    await on.docker.docker('exec', `${nameOf(2)}.new`, 'touch', '/tmp/ready')
    await again
    expect(await names(on.docker)).toEqual([`${nameOf(2)} running`])
  })
})
