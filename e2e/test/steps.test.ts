import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DockerEngine, needs, testImage, type GitRepository } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Longshore } from './longshore.mjs'
import { answer, freePort, gitPlace, longshoreAt, webApp, webService } from './place.js'
import { until } from './until.mjs'

/** A number in the words of what a step leaves running, by which it is counted on this machine. */
const seconds = 7_000_000 + process.pid
const left = () =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(`sleep ${seconds}`)).length

/** Hangs with all that could escape while a file is there, and else does its work. */
const migrate = (file: string, work: string) =>
  `if test -e ${file}; then trap "" TERM; setsid sleep ${seconds} & sleep ${seconds}; sleep ${seconds}; fi\n${work}\n`

async function settled(longshore: Longshore, repository: GitRepository, files: Record<string, string>) {
  const sha = await repository.commit('main', files)
  const event = await until('it is settled', 90_000, async () =>
    (await longshore.events('kind=deployment.settled')).find(({ commit }) => commit === sha),
  )
  return { sha, ...event.data } as { sha: string; outcome: string; code?: string; reason?: string }
}

/** A web service with a step before it that takes so long at most, and one after it that fails. */
function withSteps(service: object, timeout: string): object {
  const before = [{ run: ['sh', 'migrate.sh'], timeout }]
  const after = [{ run: ['sh', '-c', 'exit 9'] }]
  return {
    web: { listen: '127.0.0.1:0' },
    services: { hello: { ...service, policy: { before, after } } },
  }
}

test('steps in the checkout: one that fails, hangs or is left by a killed Longshore', async () => {
  const { repository, url } = await gitPlace()
  const longshore = await longshoreAt({})
  const [port, hang] = [await freePort(), join(longshore.folder, 'hang')]
  const files = (version: string, work: string) => ({ ...webApp(version), 'migrate.sh': migrate(hang, work) })
  await longshore.configure(withSteps(webService(url, port), '2s'))
  await longshore.start()
  expect(await settled(longshore, repository, files('one', 'true'))).toMatchObject({
    outcome: 'kept',
  })
  await until('it answers', 30_000, async () => (await answer(port)) === 'one')
  const { running } = await longshore.service('hello')
  expect(await longshore.events('kind=step.failed')).toMatchObject([
    {
      deployment: running.deployment,
      data: { code: 'STEP_FAILED', reason: expect.stringContaining('exit code 9') as string },
    },
  ])

  const failed = await settled(longshore, repository, files('two', 'echo no such table >&2; exit 3'))
  const reason = 'before 1/1 (sh migrate.sh) ended with exit code 3: no such table'
  expect(failed).toMatchObject({ outcome: 'failed', code: 'STEP_FAILED', reason })
  await writeFile(hang, '')
  const late = await settled(longshore, repository, files('three', 'true'))
  expect(late).toMatchObject({ outcome: 'failed', code: 'STEP_TIMEOUT' })
  expect(left()).toBe(0)
  expect((await longshore.service('hello')).running).toEqual(running)
  expect(await answer(port)).toBe('one')

  await longshore.stop()
  await longshore.configure(withSteps(webService(url, port), '1m'))
  await longshore.start()
  const sha = await repository.commit('main', files('four', 'true'))
  await until('the step hangs', 30_000, async () => left() >= 2)
  await longshore.kill()
  expect(left()).toBeGreaterThanOrEqual(2)
  await rm(hang)
  await longshore.start()
  expect(left()).toBe(0)
  await longshore.runs('hello', sha)
}, 240_000)

describe('migrations in a container', needs('docker'), () => {
  let docker: DockerEngine
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())

  const containers = async () =>
    (await docker.docker('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}}'))
      .split('\n')
      .filter(Boolean)

  test('are of the commit, leave what runs alone when they fail, and nothing when Longshore is killed', async () => {
    const { repository, url } = await gitPlace()
    const longshore = await longshoreAt({})
    const run = { kind: 'dockerfile', volumes: ['data:/data'], grace: '1s' }
    const before = [{ run: ['sh', '/migrate.sh'], in: 'container', timeout: '1m' }]
    await longshore.configure({
      web: { listen: '127.0.0.1:0' },
      docker: { host: docker.host },
      services: { hello: { source: { url, poll: '500ms' }, run, policy: { before } } },
    })
    await longshore.start()
    const files = (work: string) => ({
      Dockerfile: `FROM ${testImage}\nCOPY migrate.sh /migrate.sh\nCMD ["sh", "-c", "cat /data/version; exec sleep 1000"]\n`,
      'migrate.sh': migrate('/data/hang', work),
    })
    const first = await settled(longshore, repository, files('echo schema 1 > /data/version; echo migrated'))
    expect(first).toMatchObject({ outcome: 'kept' })
    const [one, ...others] = await containers()
    expect(others).toEqual([])
    const inside = (...words: string[]) => docker.docker('exec', one!.split(' ')[0]!, ...words)
    expect(await inside('cat', '/data/version')).toBe('schema 1')

    const failed = await settled(longshore, repository, files('echo relation is missing; exit 5'))
    const reason = 'before 1/1 (sh /migrate.sh) ended with exit code 5: relation is missing'
    expect(failed).toMatchObject({ outcome: 'failed', code: 'STEP_FAILED', reason })
    expect(await containers()).toEqual([one])

    await inside('touch', '/data/hang')
    const sha = await repository.commit('main', files('echo schema 2 > /data/version'))
    await until('the step hangs', 60_000, async () => left() >= 2)
    expect(await containers()).toHaveLength(2)
    await longshore.kill()
    await inside('rm', '/data/hang')
    await longshore.start()
    await longshore.runs('hello', sha)
    expect(left()).toBe(0)
    const [now, ...beside] = await containers()
    expect(beside).toEqual([])
    expect(await docker.docker('logs', now!.split(' ')[0]!)).toBe('schema 2')
    expect(await longshore.events('kind=drift.found')).toEqual([])
  }, 240_000)
})
