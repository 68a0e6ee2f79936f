import { expect, it } from 'vitest'
import { reconfigure } from '../src/longshore.js'
import { ines, services, settled, start, url } from './start.js'

const configOf = (value: Record<string, unknown>) => () =>
  Promise.resolve({ file: 'test', value: { version: 1, host: 'test', ...value } })

/** A service with two kept deployments, of two commits. */
async function twice() {
  const kernel = await start()
  const { git, seen, flow } = kernel
  const first = git.commit(url, 'main', { a: '1' })
  const { deployment: one } = await seen(settled(first, 'kept'))
  const second = git.commit(url, 'main', { a: '2' })
  const { deployment: two } = await seen(settled(second, 'kept'))
  const rollback = (to?: string) => flow.request({ kind: 'rollback', service: 'hello', actor: ines, to })
  const kept = async (id: string | undefined) =>
    (await seen(({ kind, deployment }) => kind === 'deployment.settled' && deployment === id)).data
  return { ...kernel, first, second, one: one!, two: two!, rollback, kept }
}

it('goes back to what was kept before, with the images that it used then', async () => {
  const { rollback, kept, runtime, flow, first, second, one } = await twice()
  const { deployment } = await rollback()
  expect(await kept(deployment)).toMatchObject({ outcome: 'kept' })
  const { made } = (await flow.deployment(one))!
  expect(made?.images).toEqual({ app: `sha256:${one}` })
  expect(runtime.applied.at(-1)).toMatchObject({ commit: { sha: first }, made })
  expect((await flow.deployment(deployment!))!).toMatchObject({ trigger: 'rollback', made })
  // It stays there: what was rolled back is not the newest admitted commit any more.
  expect(flow.placements()[0]).toMatchObject({ running: { commit: { sha: first } }, newest: { sha: first } })
  await kept((await rollback()).deployment)
  expect(flow.placements()[0]!.running!.commit.sha).toBe(second)
})

it('goes to the commit or the deployment that is named, also when that is what runs', async () => {
  const { rollback, kept, runtime, first, one, two } = await twice()
  await kept((await rollback(first)).deployment)
  expect(runtime.applied.at(-1)!.made!.images).toEqual({ app: `sha256:${one}` })
  await kept((await rollback(two)).deployment)
  await kept((await rollback(two)).deployment)
  expect(runtime.applied.at(-1)!.made!.images).toEqual({ app: `sha256:${two}` })
})

it('a newer commit ends a rollback', async () => {
  const { rollback, kept, git, seen, runtime } = await twice()
  await kept((await rollback()).deployment)
  const third = git.commit(url, 'main', { a: '3' })
  await seen(settled(third, 'kept'))
  expect(runtime.applied.at(-1)!.made).toBeUndefined()
})

it('refuses what was never kept, what is of another service, and a held service', async () => {
  const { rollback, kernel, seen, flow, git } = await twice()
  await reconfigure(kernel, configOf(services({ hello: { behave: 'fail' }, other: {} })))
  const third = git.commit(url, 'main', { a: '3' })
  const { deployment } = await seen(settled(third, 'refused'))
  await expect(rollback(deployment)).rejects.toMatchObject({ code: 'ROLLBACK_NOT_KEPT' })
  await expect(rollback('f'.repeat(40))).rejects.toMatchObject({ code: 'ROLLBACK_NOWHERE' })
  const other = git.commit('https://git.example/team/other.git', 'main', { b: '1' })
  const theirs = await seen(settled(other, 'kept'))
  await expect(rollback(theirs.deployment)).rejects.toMatchObject({ code: 'ROLLBACK_NOT_KEPT' })
  await flow.request({ kind: 'stop', service: 'hello', actor: ines, why: 'enough' })
  await expect(rollback()).rejects.toMatchObject({ code: 'SERVICE_HELD' })
})

it('a restart uses the images that run; a deployment by name looks anew', async () => {
  const { flow, kept, runtime, two } = await twice()
  const ask = async (kind: 'restart' | 'deploy') => {
    await kept((await flow.request({ kind, service: 'hello', actor: ines })).deployment)
    return runtime.applied.at(-1)!.made
  }
  expect((await ask('restart'))?.images).toEqual({ app: `sha256:${two}` })
  expect(await ask('deploy')).toBeUndefined()
})
