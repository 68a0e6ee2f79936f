import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Contributions } from '@longshore/core'
import { startTestKernel } from '@longshore/core/testkit'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { findEndpoint } from '../src/engine/endpoint.js'
import { Engine } from '../src/client.js'
import { lookAt } from '../src/engine/doctor.js'
import plugin from '../src/index.js'

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'longshore-endpoint-'))))
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})
const find = (env: Record<string, string> = {}, configured?: string) =>
  findEndpoint(configured, { DOCKER_CONFIG: folder, ...env })

it('is what the config names, then DOCKER_HOST, the context, the rootless socket, the usual one', async () => {
  expect(find({}).socketPath).toBe('/var/run/docker.sock')
  await writeFile(join(folder, 'docker.sock'), '')
  expect(find({ XDG_RUNTIME_DIR: folder }).socketPath).toBe(join(folder, 'docker.sock'))
  const id = createHash('sha256').update('mine').digest('hex')
  await mkdir(join(folder, 'contexts', 'meta', id), { recursive: true })
  const Endpoints = { docker: { Host: 'unix:///srv/mine.sock' } }
  await writeFile(
    join(folder, 'contexts', 'meta', id, 'meta.json'),
    JSON.stringify({ Name: 'mine', Endpoints }),
  )
  await writeFile(join(folder, 'config.json'), JSON.stringify({ currentContext: 'mine' }))
  expect(find({ XDG_RUNTIME_DIR: folder })).toMatchObject({
    socketPath: '/srv/mine.sock',
    from: 'the context mine',
  })
  expect(find({ DOCKER_HOST: 'unix:///a.sock' }).socketPath).toBe('/a.sock')
  expect(find({ DOCKER_HOST: 'unix:///a.sock' }, 'tcp://127.0.0.1:2375').tcp).toMatchObject({ port: 2375 })
})

it('refuses what is no address, a context that is not there, and an open engine beyond this machine', () => {
  expect(() => find({ DOCKER_HOST: 'nonsense' })).toThrow(expect.objectContaining({ code: 'DOCKER_HOST' }))
  expect(() => find({ DOCKER_CONTEXT: 'none' })).toThrow(expect.objectContaining({ code: 'DOCKER_CONTEXT' }))
  for (const host of ['tcp://10.0.0.1:2375', 'tcp://127.0.0.1.evil.example:2375', 'tcp://[2001:db8::1]:2375'])
    expect(() => find({ DOCKER_HOST: host }), host).toThrow(
      expect.objectContaining({ code: 'DOCKER_INSECURE' }),
    )
})

it('a host that only runs commands starts whatever DOCKER_HOST says, and doctor tells', async () => {
  const line = async () => {
    const test = await startTestKernel({ plugins: [plugin] })
    const { doctor } = test.kernel.get(Contributions)
    const answer = await doctor.find(({ line }) => line === 'engine')!.look(AbortSignal.timeout(10_000))
    await test.stop()
    return answer
  }
  vi.stubEnv('DOCKER_CONFIG', folder)
  vi.stubEnv('DOCKER_HOST', 'nonsense')
  expect(await line()).toMatchObject({ ok: false, say: expect.stringContaining('no address of an engine') })
  vi.stubEnv('DOCKER_HOST', `unix://${folder}/none.sock`)
  expect(await line()).toMatchObject({ ok: false, say: expect.stringContaining('ENOENT') })
})

it('an engine that is not there is a fault where a service needs one', async () => {
  const socketPath = join(folder, 'none.sock')
  const engine = new Engine({ host: `unix://${socketPath}`, socketPath, from: 'the default' })
  const look = (needed: boolean) => lookAt(engine, AbortSignal.timeout(10_000), needed)
  expect(await look(false)).toMatchObject({
    ok: true,
    say: expect.stringContaining('no Docker engine is at'),
  })
  expect(await look(true)).toMatchObject({ ok: false, say: expect.stringContaining('none.sock') })
})
