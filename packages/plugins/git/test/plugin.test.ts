import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GitServer, needs, startTestKernel, verifyPlugin, type TestKernel } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import git from '../src/index.js'

describe('the git plugin', needs('git-http-backend'), () => {
  let server: GitServer
  let kernel: TestKernel | undefined
  beforeEach(async () => {
    server = await GitServer.start()
  })
  afterEach(async () => {
    await kernel?.stop()
    kernel = undefined
    await server.close()
  })
  const services = (name: string) => ({
    hello: { source: { url: server.url(name), poll: '500ms' }, run: { kind: 'fake' } },
  })

  for (const law of verifyPlugin(git)) it(law.name, law.run)

  it('brings a pushed commit to what runs it, and tells of the source going and coming', async () => {
    const repository = await server.repository('app')
    const first = await repository.commit('main', { a: '1' })
    kernel = await startTestKernel({ plugins: [git], config: { services: services('app') } })
    await kernel.seen((event) => event.kind === 'commit.seen' && event.commit === first)
    const second = await repository.commit('main', { a: '2' })
    await kernel.seen((event) => event.kind === 'commit.seen' && event.commit === second)
    await kernel.seen((event) => event.kind === 'deployment.settled' && event.commit === second)
    server.manners.fail = 503
    const lost = await kernel.seen((event) => event.kind === 'source.unreachable')
    expect(lost.data).toMatchObject({ code: 'GIT_UNREACHABLE' })
    server.manners.fail = undefined
    await kernel.seen((event) => event.kind === 'source.reachable')
  })

  it('tells a branch that was rewritten', async () => {
    const repository = await server.repository('app')
    const first = await repository.commit('main', { a: '1' })
    const second = await repository.commit('main', { a: '2' })
    kernel = await startTestKernel({ plugins: [git], config: { services: services('app') } })
    await kernel.seen((event) => event.kind === 'deployment.settled' && event.commit === second)
    const third = await repository.commit('main', { a: '3' }, { parent: first })
    const seen = await kernel.seen((event) => event.kind === 'commit.seen' && event.commit === third)
    expect(seen.data).toMatchObject({ forced: true })
  })

  it('keeps to its folder', async () => {
    const repository = await server.repository('app')
    const sha = await repository.commit('main', { a: '1' })
    kernel = await startTestKernel({ plugins: [git], config: { services: services('app') } })
    await kernel.seen((event) => event.kind === 'deployment.settled' && event.commit === sha)
    const names = await readdir(join(kernel.data, 'git'))
    expect(names.filter((name) => !/^(?:home|askpass|[0-9a-f]{32}\.(?:git|history))$/.test(name))).toEqual([])
  })
})
