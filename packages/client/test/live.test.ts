import { describe, expect, it } from 'vitest'
import { definePlugin, Telemetry } from '@longshore/core'
import { coreProtocol, coreTopics, showState, type Event, type State } from '@longshore/core/protocol'
import { FakeTelemetry } from '@longshore/core/testkit'
import { ApiError, createClient, UnreachableError, type LiveState } from '../src/index.js'
import { push, record, start, startTwice, ways, type Running } from './start.js'

const failure = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error)
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

async function stateOf({ journal }: Running): Promise<{ seq: number; state: State }> {
  const { seq, state } = await journal.state(coreProtocol.slices.map(({ name }) => name))
  return { seq, state: plain(showState(state, coreProtocol.slices, () => true)) }
}

/** Resolves when the client has what the server has. */
async function same(live: LiveState, running: Running): Promise<void> {
  const now = () => ({ seq: live.seq, state: plain(live.state) })
  await expect.poll(now, { timeout: 20_000 }).toEqual(await stateOf(running))
}

describe.each(ways)('the state, by %s', (_, clientOf) => {
  it('is that of the server, and goes on over a restart with every event once', async () => {
    const { first, again: restart } = await startTwice()
    const told: Event[] = []
    let anew = 0
    const links: boolean[] = []
    const live = await clientOf(first).live({
      onState: ({ events }) => void (events ? told.push(...events) : anew++),
      onLink: (linked) => void links.push(linked),
    })
    const begin = live.seq
    await push(first)
    await same(live, first)
    const again = await restart()
    await record(again, 20)
    await same(live, again)
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_event, index) => begin + 1 + index))
    expect(anew).toBe(1)
    expect(links.slice(0, 3)).toEqual([true, false, true])
    live.close()
  })
})

it('is iterated as it is at the time, and ends when it is closed', async () => {
  const running = await start()
  const live = await createClient(running).live()
  const seqs: number[] = []
  const reading = (async () => {
    for await (const { seq } of live) seqs.push(seq)
  })()
  for (let count = 0; count < 20; count++) await record(running, 5)
  await expect.poll(() => seqs.at(-1)).toBe((await stateOf(running)).seq)
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
  live.close()
  await reading
})

it('begins where an earlier one was', async () => {
  const running = await start()
  const client = createClient(running)
  const first = await client.live()
  const { at } = first
  first.close()
  await record(running, 3)
  const told: (readonly Event[] | undefined)[] = []
  const second = await client.live({ from: at, onState: ({ events }) => void told.push(events) })
  await same(second, running)
  expect(told[0]?.[0]?.seq).toBe(at.seq + 1)
  second.close()
})

it('is refused to who may not have it', async () => {
  const { url } = await start()
  const error = await failure(createClient({ url, token: 'wrong' }).live())
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ code: 'FAKE_UNKNOWN', status: 401 })
  const watching = createClient({ url, token: 'wrong' }).watch(coreTopics.logs, { service: 'hello' })
  expect(await failure(watching.next())).toMatchObject({ code: 'FAKE_UNKNOWN' })
})

it('ends with the signal', async () => {
  const running = await start()
  const life = new AbortController()
  const live = await createClient(running).live({ signal: life.signal })
  life.abort()
  for await (const update of live) expect(update).toBe('nothing more')
  const late = createClient({ url: 'http://127.0.0.1:9' }).live({ signal: AbortSignal.timeout(200) })
  expect(await failure(late)).toMatchObject({ name: 'TimeoutError' })
})

describe.each(ways)('what is watched, by %s', (_, clientOf) => {
  it('comes as fast as it is read, all of it', async () => {
    const telemetry = new FakeTelemetry()
    const plugin = definePlugin({
      name: 'fake-telemetry',
      provides: [Telemetry],
      setup: ({ provide }) => provide(Telemetry, 'fake', telemetry),
    })
    const running = await start({ plugins: [plugin] })
    const life = new AbortController()
    const frames = clientOf(running).watch(coreTopics.logs, { service: 'hello', tail: 0 }, life.signal)
    let printed = 0
    let [text, lines] = ['', 0]
    for (let read = 0; read < 200; read++) {
      const next = frames.next()
      let come = false
      void next.then(() => (come = true))
      await expect
        .poll(() => {
          if (!come) telemetry.print('hello', 'i1', 'stdout', `line ${++printed}\n`)
          return come
        })
        .toBe(true)
      const { value } = await next
      if (!value || !('text' in value)) throw new Error('it is text')
      text += value.text
      lines += value.lines
      expect(value.skipped).toBe(0)
    }
    // What was printed before the first frame was asked for is not of this watch.
    expect(lines).toBeGreaterThanOrEqual(200)
    const numbers = text.match(/\d+/g)!.map(Number)
    expect(numbers).toEqual(numbers.map((_number, index) => numbers[0]! + index))
    life.abort()
    expect(await frames.next()).toMatchObject({ done: true })
  })

  it('ends where it ends, and says why where it cannot be', async () => {
    const running = await start()
    const deployment = await push(running)
    let text = ''
    for await (const frame of clientOf(running).watch(coreTopics.output, { deployment }))
      if ('text' in frame) text += frame.text
    expect(text).toContain('hello\nworld\n')
    const unknown = clientOf(running).watch(coreTopics.logs, { service: 'nobody' })
    expect(await failure(unknown.next())).toMatchObject({ code: 'SERVICE_UNKNOWN', status: 404 })
    const silent = clientOf(running).watch(coreTopics.logs, { service: 'hello' })
    expect(await failure(silent.next())).toMatchObject({ code: 'WEB_KIND_SILENT' })
  })
})

it('is not watched where nobody is', async () => {
  const nobody = createClient({ url: 'http://127.0.0.1:9' }).watch(coreTopics.logs, { service: 'hello' })
  expect(await failure(nobody.next())).toBeInstanceOf(UnreachableError)
})
