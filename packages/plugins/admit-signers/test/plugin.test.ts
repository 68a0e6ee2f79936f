import { join } from 'node:path'
import { Contributions, type Plugin } from '@longshore/core'
import { happened, needs, newWorld, settled, startTestKernel, verifyPlugin } from '@longshore/core/testkit'
import type { TestKernel, TestWorld } from '@longshore/core/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import signers from '../src/index.js'
import { Tools } from './tools.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(signers as Plugin)) it(name, run)
})

const url = 'https://git.example/team/hello.git'
const service = { source: { url }, run: { kind: 'fake' } }
const person = { kind: 'user', name: 'ada' } as const

describe('a service that asks for signatures', needs('ssh-keygen'), () => {
  let tools: Tools
  let ines: { file: string; line: string }
  let kernel: TestKernel
  let world: TestWorld
  beforeAll(() => {
    tools = new Tools()
    ines = tools.sshKey()
  })
  afterAll(() => tools.close())
  beforeEach(() => {
    world = newWorld()
  })
  afterEach(() => kernel.stop())

  async function start(...policy: object[]) {
    const services = { hello: { ...service, policy: { signers: policy } } }
    kernel = await startTestKernel({ ...world, plugins: [signers as Plugin], config: { services } })
  }
  const of = (kind: string, sha: string) => kernel.seen(happened(kind, sha))
  const commit = (by?: { file: string }) =>
    world.git.commit(
      url,
      'main',
      { a: String(Math.random()) },
      {
        ...(by && { sign: (payload: Buffer) => tools.sshSign(by.file, payload) }),
      },
    )
  const kept = (sha: string) => kernel.seen(settled(sha, 'kept'))

  it('deploys what somebody signed whom it names, and tells who', async () => {
    await start({ name: 'ines', ssh: ines.line })
    const sha = commit(ines)
    await kept(sha)
    expect((await of('commit.admitted', sha)).data).toMatchObject({ signer: 'ines' })
  })

  it('refuses the rest and says why; neither a person, an override nor a way back lets it in', async () => {
    const eve = tools.sshKey()
    await start()
    const unsigned = commit()
    await kept(unsigned)
    const byEve = commit(eve)
    await kept(byEve)
    await kernel.stop()
    await start({ name: 'ines', ssh: ines.line })
    const next = commit()
    expect((await of('commit.refused', next)).data).toMatchObject({
      code: 'SIGNATURE_MISSING',
      reason: 'it is not signed; ines may sign',
    })
    const again = commit(eve)
    expect((await of('commit.refused', again)).data).toMatchObject({ code: 'SIGNER_UNKNOWN' })
    const ask = { service: 'hello', actor: person, why: 'it burns' }
    const deploy = { ...ask, kind: 'deploy', commit: again, override: true } as const
    await expect(kernel.flow.request(deploy)).rejects.toMatchObject({ code: 'SIGNER_UNKNOWN' })
    const back = { ...ask, kind: 'rollback', to: unsigned } as const
    await expect(kernel.flow.request(back)).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' })
    const pin = { ...ask, kind: 'pin', commit: next } as const
    await expect(kernel.flow.request(pin)).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' })
    expect(kernel.flow.placement('hello', 'test')?.running?.commit.sha).toBe(byEve)
    const good = commit(ines)
    await kept(good)
  })

  it('judges anew what it refused when its signers change', async () => {
    const ada = tools.sshKey()
    await start({ name: 'ines', ssh: ines.line })
    const sha = commit(ada)
    await of('commit.refused', sha)
    const policy = { signers: [{ name: 'ada', ssh: ada.line }] }
    const value = { version: 1, host: 'test', services: { hello: { ...service, policy } } }
    await kernel.kernel.reconfigure({ file: 'test', value })
    await kept(sha)
  })

  it('tells by doctor which keys cannot be read', async () => {
    await start({ name: 'ines', ssh: ines.line }, { name: 'ada', gpg: join(tools.folder, 'absent.asc') })
    const [line] = kernel.kernel.get(Contributions).doctor.filter(({ plugin }) => plugin === 'admit-signers')
    const said = await line!.look(new AbortController().signal)
    expect(said).toMatchObject({ ok: false, say: expect.stringContaining('absent.asc: ENOENT') })
  })
})
