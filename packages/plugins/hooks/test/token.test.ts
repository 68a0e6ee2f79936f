import { happened } from '@longshore/core/testkit'
import type { Caller } from '@longshore/core'
import { expect, it } from 'vitest'
import { repository, startPlace } from './start.js'

/** What a request bears of a token, or of whatever else shows who it is, with the right for these services. */
function bearing(services: string[], by: Caller['by'] = 'token') {
  const actor = { kind: 'token', name: 'build' } as const
  const holds: Caller['holds'] = (right, service) =>
    right === 'hooks:write' && service !== undefined && services.includes(service)
  return { headers: {}, body: new Uint8Array(), caller: { actor, by, id: 'token 1', from: undefined, holds } }
}

it('a token with the right for a service has it looked at, without a section or a signature', async () => {
  const { git, post, seen, deliveries } = await startPlace({ hooks: {} })
  const sha = git.commit(repository, 'main', { a: '1' })
  expect(await post(bearing(['app']), 'generic', 'app')).toMatchObject({
    verdict: 'accepted',
    services: ['app'],
  })
  // The journal has who asked.
  expect((await seen(happened('deployment.queued', sha))).actor).toEqual({ kind: 'token', name: 'build' })
  expect(await deliveries()).toMatchObject([
    {
      forge: 'generic',
      service: 'app',
      token: 'build',
      event: 'token',
      led: [{ service: 'app', commit: sha }],
    },
  ])
})

it.each([
  ['another service', bearing(['shop']), 'generic', 'app', 'HOOK_FORGE_UNKNOWN'],
  ['no service', bearing(['app']), 'generic', undefined, 'HOOK_FORGE_UNKNOWN'],
  ['what a session shows', bearing(['app'], 'cookie'), 'generic', 'app', 'HOOK_FORGE_UNKNOWN'],
  ['a service that is not here', bearing(['none']), 'generic', 'none', 'HOOK_SERVICE_UNKNOWN'],
  ['a forge that signs', bearing(['app']), 'fake', 'app', 'HOOK_UNSIGNED'],
])('it is refused for %s', async (_, sent, forge, service, code) => {
  const { post, git } = await startPlace()
  const before = git.looks.get(repository)
  await expect(post(sent, forge, service)).rejects.toMatchObject({ code })
  expect(git.looks.get(repository)).toBe(before)
})
