import { mkdir, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { HandClock, startTestKernel } from '../src/testkit/index.js'
import { ines, settled, start, url, world } from './start.js'

const day = 86_400_000

it('what is past its time goes; what runs, is barred or can be gone back to stays', async () => {
  const around = await world()
  const clock = new HandClock()
  const first = await startTestKernel({ ...around, clock })
  const shas: string[] = []
  for (const a of ['1', '2', '3']) {
    shas.push(around.git.commit(url, 'main', { a }))
    await first.seen(settled(shas.at(-1)!, 'kept'))
    await first.flow.request({ kind: 'restart', service: 'hello', actor: ines })
    await vi.waitFor(() => expect(first.runtime.applied).toHaveLength(2 * shas.length), 10_000)
    await vi.waitFor(() => expect(first.flow.placement('hello', 'test')!.deployment).toBeUndefined(), 10_000)
  }
  await first.flow.request({ kind: 'quarantine', service: 'hello', actor: ines, commit: shas[2]!, why: 'x' })
  await vi.waitFor(
    () => expect(first.flow.placement('hello', 'test')!.running?.commit.sha).toBe(shas[1]),
    10_000,
  )
  await vi.waitFor(() => expect(first.flow.placement('hello', 'test')!.deployment).toBeUndefined(), 10_000)
  const before = first.flow.placement('hello', 'test')!
  const applied = first.runtime.applied.map(({ deployment }) => deployment)
  await first.stop()
  clock.go(400 * day)
  const folder = join(around.data, 'output')
  for (const name of await readdir(folder))
    for (const file of await readdir(join(folder, name))) await utimes(join(folder, name, file), 0, 0)

  const second = await start({ ...around, clock })
  const inUse = new Set([
    before.running!.deployment,
    before.last!.id,
    ...before.kept!.map(({ deployment }) => deployment),
  ])
  const known = async () => {
    const found = await Promise.all(
      applied.map(async (id) => ((await second.flow.deployment(id)) ? [id] : [])),
    )
    return found.flat()
  }
  await vi.waitFor(async () => expect(new Set(await known())).toEqual(inUse), 10_000)
  const outputs = (await readdir(folder)).filter((name) => applied.includes(name))
  expect(new Set(outputs)).toEqual(inUse)
  expect(second.flow.placement('hello', 'test')).toMatchObject({
    quarantines: [{ sha: shas[2], why: 'x' }],
    running: { commit: { sha: shas[1] } },
  })
  const { events } = await second.journal.read({ kind: 'deployment.settled', limit: 100 })
  expect(events).toEqual([])
})

it('what printed nothing is as old as it is', async () => {
  const around = await world()
  const folder = join(around.data, 'output')
  for (const name of ['a-young', 'b-old']) await mkdir(join(folder, name), { recursive: true })
  await utimes(join(folder, 'b-old'), 0, 0)
  await start(around)
  await vi.waitFor(async () => expect(await readdir(folder)).not.toContain('b-old'), 10_000)
  expect(await readdir(folder)).toContain('a-young')
})

it('what takes too much room goes, the oldest first', async () => {
  const around = await world()
  const size = { events: { size: '4KiB' }, output: { size: '100MiB' } }
  const hello = { hello: { source: { url }, run: { kind: 'fake' } } }
  const first = await startTestKernel({ ...around, config: { services: hello } })
  for (const a of ['1', '2', '3', '4', '5'])
    await first.seen(settled(around.git.commit(url, 'main', { a }), 'kept'))
  const last = first.journal.last()
  await first.stop()
  const second = await start({ ...around, config: { services: hello, retention: size } })
  await vi.waitFor(async () => {
    const { events } = await second.journal.read({ after: 0, limit: 1_000 })
    expect(events[0]!.seq).toBeGreaterThan(1)
    expect(events.at(-1)!.seq).toBeGreaterThan(last)
  }, 10_000)
})
