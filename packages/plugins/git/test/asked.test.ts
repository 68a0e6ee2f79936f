import { GitServer, needs } from '@longshore/core/testkit'
import { expect, test } from 'vitest'
import { Asked } from '../src/repository/asked.js'
import { makeRig, sourceOf } from './rig.js'

test('who asks the same meanwhile shares the answer, and later it is found anew', async () => {
  const asked = new Asked<number>()
  let found = 0
  const find = async () => ++found
  const answers = await Promise.all([
    asked.answer('a', find),
    asked.answer('a', find),
    asked.answer('b', find),
  ])
  expect(answers).toEqual([1, 1, 2])
  expect(await asked.answer('a', find)).toBe(3)
})

test('a failure is told to all who wait for it and remembered for none', async () => {
  const asked = new Asked<number>()
  const fails = () => Promise.reject(new Error('no'))
  const both = await Promise.allSettled([asked.answer('a', fails), asked.answer('a', async () => 1)])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await asked.answer('a', async () => 1)).toBe(1)
})

test(
  'two commits are compared once for all who ask, also when one of them goes away',
  needs('git-http-backend'),
  async () => {
    const [server, rig] = await Promise.all([GitServer.start(), makeRig()])
    try {
      const repository = await server.repository('app')
      const source = sourceOf(server.url('app'), 'main')
      const { signal } = new AbortController()
      const before = await repository.commit('main', { a: '1', b: '1' })
      const after = await repository.commit('main', { a: '1', b: '2' })
      for (const sha of [before, after]) await rig.provider.fetch(source, sha, signal)
      const leaver = new AbortController()
      const left = rig.provider.changed(source, before, after, leaver.signal)
      const stays = Array.from({ length: 500 }, () => rig.provider.changed(source, before, after, signal))
      leaver.abort(new Error('gone'))
      await expect(left).rejects.toThrow('gone')
      expect(await Promise.all(stays)).toEqual(stays.map(() => ['b']))
    } finally {
      await rig.close()
      await server.close()
    }
  },
)
