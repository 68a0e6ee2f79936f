import { Contributions, type Labels, type Sample } from '../src/index.js'
import { settled, startTestKernel, type TestKernel } from '../src/testkit/index.js'
import { afterEach, beforeEach, expect, it } from 'vitest'

const url = 'https://git.example/team/hello.git'
const other = 'https://git.example/team/other.git'
let kernel: TestKernel

beforeEach(async () => {
  const services = {
    hello: { source: { url }, run: { kind: 'fake' } },
    other: { source: { url: other }, run: { kind: 'fake' } },
  }
  kernel = await startTestKernel({ config: { services } })
})
afterEach(() => kernel.stop())

const metric = (name: string) =>
  kernel.kernel.get(Contributions).metrics.find((each) => each.name === `longshore_${name}`)!

/** The values of a metric that is looked at. */
async function look(name: string): Promise<Sample[]> {
  return metric(name).look!(new AbortController().signal)
}

/** What is told of a metric from now on. */
function listen(name: string): { value: number; labels: Labels | undefined }[] {
  const told: { value: number; labels: Labels | undefined }[] = []
  metric(name).listen((value, labels) => told.push({ value, labels }))
  return told
}

const of = (samples: Sample[], labels: Labels) =>
  samples.find((each) => JSON.stringify(each.labels) === JSON.stringify(labels))?.value

it('services are told by state, each state with its number', async () => {
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(settled(sha, 'kept'))
  const states = await look('services')
  expect(states).toHaveLength(8)
  expect(of(states, { state: 'healthy' })).toBe(1)
  expect(of(states, { state: 'unknown' })).toBe(1)
  expect(await look('service_state')).toEqual([
    { value: 1, labels: { service: 'hello', state: 'healthy' } },
    { value: 1, labels: { service: 'other', state: 'unknown' } },
  ])
  expect(of(await look('instances'), { state: 'running' })).toBe(1)
})

it('holds, bars, and what cannot be reached are told', async () => {
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(settled(sha, 'kept'))
  expect(await look('services_held')).toEqual([{ value: 0 }])
  const actor = { kind: 'user', name: 'ines' } as const
  await kernel.flow.request({ kind: 'stop', service: 'hello', actor, why: 'night' })
  await kernel.flow.request({
    kind: 'quarantine',
    service: 'hello',
    actor,
    commit: sha,
    why: 'bad',
    descendants: false,
  })
  expect(await look('services_held')).toEqual([{ value: 1 }])
  expect(await look('quarantines')).toEqual([{ value: 1 }])
  kernel.git.away(other)
  await kernel.seen(({ kind }) => kind === 'source.unreachable')
  expect(await look('source_reachable')).toEqual([
    { value: 1, labels: { service: 'hello' } },
    { value: 0, labels: { service: 'other' } },
  ])
  expect(await look('engines_away')).toEqual([{ value: 0 }])
  kernel.runtime.leave('it is off')
  await kernel.seen(({ kind }) => kind === 'engine.away')
  expect(await look('engines_away')).toEqual([{ value: 1 }])
})

it('each deployment is counted once, by outcome, with how long it took', async () => {
  const counted = listen('deployments_total')
  const took = listen('deployment_duration_seconds')
  const first = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(settled(first, 'kept'))
  kernel.runtime.broken = true
  const second = kernel.git.commit(url, 'main', { a: '2' })
  await kernel.seen(settled(second, 'failed'))
  await expect
    .poll(() => counted)
    .toEqual([
      { value: 1, labels: { service: 'hello', outcome: 'kept' } },
      { value: 1, labels: { service: 'hello', outcome: 'failed' } },
    ])
  expect(took.map(({ labels }) => labels)).toEqual([{ outcome: 'kept' }, { outcome: 'failed' }])
  for (const { value } of took) expect(value).toBeGreaterThanOrEqual(0)
  expect((await look('deployments_underway')).map(({ value }) => value)).toEqual([0, 0, 0, 0, 0])
})

it('the journal tells how far it is, and each event by its kind', async () => {
  const counted = listen('journal_events_total')
  const took = listen('journal_append_duration_seconds')
  const before = kernel.journal.last()
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(settled(sha, 'kept'))
  await expect.poll(async () => (await look('journal_writes_pending'))[0]!.value).toBe(0)
  expect(await look('journal_seq')).toEqual([{ value: kernel.journal.last() }])
  expect(counted).toHaveLength(kernel.journal.last() - before)
  expect(counted.filter(({ labels }) => labels!['kind'] === 'deployment.settled')).toHaveLength(1)
  expect(took.length).toBeGreaterThan(0)
})
