import { Contributions, type Labels } from '@longshore/core'
import { expect, it } from 'vitest'
import { Live } from './live.js'
import { push, startWeb, type Web } from './start.js'

const metric = ({ kernel }: Web, name: string) =>
  kernel.get(Contributions).metrics.find((each) => each.name === `longshore_${name}`)!

/** What is told of a metric from now on. */
function listen(web: Web, name: string): (Labels | undefined)[] {
  const told: (Labels | undefined)[] = []
  metric(web, name).listen((_, labels) => told.push(labels))
  return told
}

async function atLoopback(web: Web, name: string): Promise<number> {
  const samples = await metric(web, name).look!(new AbortController().signal)
  return samples.find(({ labels }) => labels!['door'] === 'tcp')!.value
}

it('requests are counted by pattern, method and class of status, and by nothing that was sent', async () => {
  const web = await startWeb()
  const counted = listen(web, 'http_requests_total')
  const took = listen(web, 'http_request_duration_seconds')
  for (const [method, path, labels] of [
    ['GET', '/livez', { method: 'GET', route: '/livez', status: '2xx' }],
    ['HEAD', '/livez', { method: 'HEAD', route: '/livez', status: '2xx' }],
    ['GET', '/api/v1/services/nobody', { method: 'GET', route: '/api/v1/services/:service', status: '4xx' }],
    ['GET', '/api/v1/services/UPPER', { method: 'GET', route: '/api/v1/services/:service', status: '4xx' }],
    ['GET', '/sent-by-me?sent=by-me', { method: 'GET', route: 'none', status: '4xx' }],
    ['PROPFIND', '/sent-by-me', { method: 'other', route: 'none', status: '4xx' }],
  ] as const) {
    const [requests, durations] = [counted.length, took.length]
    await web.ask(path, { method })
    await expect.poll(() => counted.slice(requests)).toEqual([labels])
    const { method: told, route } = labels
    expect(took.slice(durations)).toEqual([{ method: told, route }])
  }
})

it('clients, what they watch, and connections are told as they are', async () => {
  const web = await startWeb()
  expect(await atLoopback(web, 'live_clients')).toBe(0)
  const live = await new Live(web).connected()
  expect(await atLoopback(web, 'live_clients')).toBe(1)
  const { deployment } = await push(web)
  await live.stream({ topic: 'output', deployment })
  const events = await web.open('/api/v1/events/stream', { over: 'loopback' })
  expect(await atLoopback(web, 'live_streams')).toBe(2)
  expect(await atLoopback(web, 'http_connections')).toBe(1)
  events.destroy()
  live.socket.disconnect()
  for (const name of ['live_clients', 'live_streams', 'http_connections'])
    await expect.poll(() => atLoopback(web, name)).toBe(0)
})
