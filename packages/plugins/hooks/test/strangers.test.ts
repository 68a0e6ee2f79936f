import type { LongshoreError } from '@longshore/core'
import { fakeHook, happened, settled } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { repository, secret, startPlace, type Place } from './start.js'

/** All that somebody outside can tell one refusal from another by. */
async function answer(asked: Promise<unknown>) {
  const error = await asked.then(
    () => expect.fail('it was let in'),
    (error: unknown) => error as LongshoreError,
  )
  const { code, message, hint, data } = error
  return { kind: error.constructor.name, code, message, hint, data }
}

const content = { event: 'push', repository, ref: 'refs/heads/main' }
const strange = [
  ['no signature', { 'x-fake-signature': '' }],
  ['a signature by another secret', fakeHook('another', content).headers],
  [
    'a signature in capitals',
    { 'x-fake-signature': fakeHook(secret, content).headers['x-fake-signature']!.toUpperCase() },
  ],
  [
    'half a signature',
    { 'x-fake-signature': fakeHook(secret, content).headers['x-fake-signature']!.slice(0, 32) },
  ],
] as const

describe('who cannot sign', () => {
  it('is told the same whatever is wrong, and whatever they ask about', async () => {
    const { post } = await startPlace()
    const answers: unknown[] = []
    for (const [, headers] of strange)
      for (const service of [undefined, 'app', 'none', '../etc', 'a'.repeat(200)])
        for (const body of [JSON.stringify(content), '', '{', 'null', '[]'.repeat(9)])
          answers.push(await answer(post({ headers, body: Buffer.from(body) }, 'fake', service)))
    expect(answers[0]).toMatchObject({ kind: 'UnprovenError', code: 'HOOK_UNSIGNED' })
    for (const each of answers) expect(each).toEqual(answers[0])
  })

  it('has nothing looked at, and nothing written down', async () => {
    const { post, git, journal } = await startPlace()
    const [looks, seq] = [git.looks.get(repository), journal.last()]
    for (const [, headers] of strange)
      await answer(post({ headers, body: Buffer.from(JSON.stringify(content)) }))
    expect(git.looks.get(repository)).toBe(looks)
    expect(journal.last()).toBe(seq)
  })

  it('shows in the list without a word of theirs, and pushes nobody out of it', async () => {
    const { post, push, deliveries } = await startPlace()
    await post(push())
    for (let count = 0; count < 1_000; count++) {
      const body = Buffer.from(JSON.stringify({ ...content, event: 'canary' }))
      await answer(post({ headers: { 'x-fake-event': 'canary' }, body }))
    }
    const list = await deliveries()
    expect(list).toHaveLength(101)
    expect(list.at(-1)).toMatchObject({ verdict: 'accepted' })
    expect(list[0]).toEqual({
      id: expect.any(String),
      at: expect.any(String),
      forge: 'fake',
      verdict: 'refused',
      status: 401,
      code: 'HOOK_UNSIGNED',
      reason: expect.any(String),
      services: [],
      led: [],
    })
    expect(JSON.stringify(list)).not.toContain('canary')
  })
})

describe('a flood', () => {
  it('of 10,000 webhooks is a handful of looks and one deployment', async () => {
    const place = await startPlace()
    const { git, seen, events, deliveries } = place
    const sha = git.commit(repository, 'main', { a: '1' })
    const before = git.looks.get(repository)!
    const { taken, busy } = await flood(place, 10_000)
    expect(taken).toBeGreaterThanOrEqual(1_000)
    expect(busy).toBeGreaterThan(0)
    expect(taken + busy).toBe(10_000)
    await seen(settled(sha, 'kept'))
    expect(await events('deployment.queued')).toHaveLength(1)
    expect(git.looks.get(repository)! - before).toBeLessThan(10)
    expect((await deliveries()).length).toBeLessThanOrEqual(600)
  })

  it('does not lose what came last', async () => {
    const { git, seen, post, push } = await startPlace()
    const first = git.commit(repository, 'main', { a: '1' })
    await post(push())
    await seen(happened('commit.seen', first))
    const last = git.commit(repository, 'main', { a: '2' })
    await post(push())
    await post(push())
    expect((await seen(happened('commit.seen', last))).actor).toEqual({ kind: 'webhook', name: 'fake' })
  })
})

async function flood({ post, push }: Place, count: number): Promise<{ taken: number; busy: number }> {
  const came = { taken: 0, busy: 0 }
  for (let each = 0; each < count; each++) {
    await post(push({ each })).then(
      () => came.taken++,
      (error: LongshoreError) => {
        expect(error.code).toBe('HOOK_TOO_MANY')
        came.busy++
      },
    )
  }
  return came
}
