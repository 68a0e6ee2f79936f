import { expect, it, onTestFinished } from 'vitest'
import { freezeProtocol, freezeRoutes } from '@longshore/admit-freeze/protocol'
import { tokenRoutes } from '@longshore/auth/protocol'
import { createClient, type Client, type LiveState } from '@longshore/client'
import { createNodeClient } from '@longshore/client/node'
import { coreProtocol, coreRoutes } from '@longshore/core/protocol'
import { join } from 'node:path'
import { Longshore } from './longshore.mjs'

const slices = [...coreProtocol.slices, ...freezeProtocol.slices!]
const services = {
  hello: { source: { url: 'https://git.invalid/x.git' }, run: { kind: 'command', up: 'true' } },
}

/** One that keeps the state, and every seq that it was told. */
async function follow(client: Client): Promise<{ live: LiveState; seqs: number[]; begin: number }> {
  const seqs: number[] = []
  const onState: Parameters<Client['live']>[0] = {
    slices,
    onState: ({ events = [] }) => void seqs.push(...events.map(({ seq }) => seq)),
  }
  const live = await client.live(onState)
  onTestFinished(() => live.close())
  return { live, seqs, begin: live.seq }
}

/** Places freezes, many at once; what a killed server does not answer is not counted. Answers how many were placed. */
async function burst(client: Client, count: number): Promise<number> {
  const why = 'a burst'
  const asked = Array.from({ length: count }, () =>
    client.call(freezeRoutes.place, { body: { why } }).then(
      () => true,
      () => false,
    ),
  )
  return (await Promise.all(asked)).filter(Boolean).length
}

it('clients resume without gap and without double over a kill and a restart, in the middle of a burst', async () => {
  const longshore = await Longshore.at({ services })
  onTestFinished(() => longshore.close())
  await longshore.start()
  const { url } = longshore
  const local = createNodeClient({ socket: join(longshore.data, 'longshore.sock') })
  const { token } = await local.call(tokenRoutes.addToken, { body: { name: 'page', role: 'viewer' } })
  const followers = [await follow(local), await follow(createClient({ url, token }))]
  expect(await burst(local, 15)).toBe(15)
  const cut = burst(local, 60)
  await expect.poll(() => followers[0]!.seqs.length).toBeGreaterThan(20)
  await longshore.kill()
  const placed = 15 + (await cut)
  // Where its clients know it to be.
  longshore.env = { LONGSHORE_LISTEN: new URL(url).host }
  await longshore.start()
  expect(await burst(local, 15)).toBe(15)
  const { seq } = await local.call(coreRoutes.overview)
  const { items } = await local.call(freezeRoutes.list)
  expect(items.length).toBeGreaterThanOrEqual(placed + 15)
  for (const { live, seqs, begin } of followers) {
    await expect.poll(() => live.seq, { timeout: 30_000 }).toBeGreaterThanOrEqual(seq)
    expect(seqs).toEqual(seqs.map((_, index) => begin + 1 + index))
    expect(Object.values(live.state['freeze']!).flat()).toHaveLength(items.length)
    expect(live.state).toEqual(followers[0]!.live.state)
  }
})
