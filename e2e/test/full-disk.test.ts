import { join } from 'node:path'
import { needs } from '@longshore/core/testkit'
import { describe, expect, test } from 'vitest'
import type { Longshore } from './longshore.mjs'
import { answer, freePort, gitPlace, longshoreAt, webApp, webService } from './place.js'
import { SmallDisk } from './small-disk.js'
import { until } from './until.mjs'

async function onSmallDisk(version: Record<string, string>) {
  const disk = new SmallDisk('48m')
  const { repository, url } = await gitPlace()
  const port = await freePort()
  const first = await repository.commit('main', version)
  const services = { hello: webService(url, port), idle: webService(url, port, { ref: 'none' }) }
  const longshore = await longshoreAt({ data: join(disk.folder, 'data'), services })
  await longshore.start()
  await longshore.runs('hello', first)
  await until('the first version answers', 30_000, async () => (await answer(port)) === 'one')
  return { disk, repository, longshore, port, first }
}

const why = 'no room '.repeat(200).trim()
const stop = (longshore: Longshore) => longshore.ask('POST', '/services/hello/stop', { why })

/** Writes until the store has used up what room it had inside its own file. */
async function useUpRoom(longshore: Longshore) {
  let held = false
  for (let refused = 0, time = 0; refused < 5; time++) {
    const { status, body } = await longshore.ask('POST', `/services/idle/${held ? 'start' : 'stop'}`, { why })
    const full = status === 503 && body.code === 'STORAGE_FULL'
    refused = full ? refused + 1 : 0
    held = full ? held : !held
    if (time > 500) throw new Error(`nothing is refused: ${JSON.stringify(body)}`)
  }
}

async function expectGapless(longshore: Longshore) {
  const seqs = (await longshore.events()).map(({ seq }) => seq)
  expect(seqs).toEqual(seqs.map((_, index) => index + 1))
}

describe('on a disk of 48 MiB', needs('tmpfs'), () => {
  test('that is full, a push waits and a stop is refused by code; both go through when there is room', async () => {
    const { disk, repository, longshore, port, first } = await onSmallDisk(webApp('one'))
    disk.fill()
    const second = await repository.commit('main', webApp('two'))
    await until('the log says why the push waits', 60_000, () => /a new head waits/.test(longshore.log))
    expect(longshore.log).toMatch(/GIT_NO_SPACE|STORAGE_FULL/)
    const ill = await longshore.cli('doctor')
    expect(ill.code).toBe(1)
    expect(ill.stdout).toContain('0 MiB are free')

    await useUpRoom(longshore)
    const last = (await longshore.events()).length
    for (let time = 0; time < 3; time++) {
      expect(await stop(longshore)).toMatchObject({ status: 503, body: { code: 'STORAGE_FULL' } })
      expect(await longshore.service('hello')).toMatchObject({
        state: 'healthy',
        running: { commit: { sha: first } },
      })
    }
    const refused = await longshore.cli('stop', 'hello', '--why', why)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('STORAGE_FULL')
    expect(await longshore.events()).toHaveLength(last)
    expect(await answer(port)).toBe('one')

    disk.free()
    await longshore.runs('hello', second, 180_000)
    await until('the second version answers', 30_000, async () => (await answer(port)) === 'two')
    expect(await longshore.cli('doctor')).toMatchObject({ code: 0 })
    expect(await stop(longshore)).toMatchObject({ status: 202 })
    await until('it has ended', 60_000, () => longshore.processes().length === 0)
    await expectGapless(longshore)
  }, 360_000)

  test('that fills while a commit is written out, the deployment says so, waits and goes on', async () => {
    const { disk, repository, longshore, port, first } = await onSmallDisk(webApp('one'))
    // Zeros: next to nothing to fetch, and more than there is room for to write.
    const zeros = Buffer.alloc(20 * 2 ** 20)
    disk.fill(12 * 2 ** 20)
    const second = await repository.commit('main', { ...webApp('two'), zeros })
    const { deployment } = await longshore.until('hello', 'deploys', (placement) => placement.deployment)
    const output = async () =>
      (await longshore.ask('GET', `/deployments/${deployment.id}/output`)).body as string
    await until('the output says why it waits', 60_000, async () =>
      /no room.*tried again/.test(await output()),
    )
    expect(await longshore.service('hello')).toMatchObject({
      state: 'deploying',
      running: { commit: { sha: first } },
      deployment: { phase: 'fetching' },
    })
    expect(await answer(port)).toBe('one')
    disk.free()
    await longshore.runs('hello', second, 180_000)
    await until('the second version answers', 30_000, async () => (await answer(port)) === 'two')
    await expectGapless(longshore)
  }, 360_000)
})
