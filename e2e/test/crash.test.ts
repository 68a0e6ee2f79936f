import { expect, onTestFinished, test } from 'vitest'
import { DeployCrash } from './deploy-crash.mjs'

test('killed at random points of deploying, nothing acknowledged is lost and exactly the newest runs', async () => {
  const crash = await DeployCrash.open()
  onTestFinished(() => crash.close())
  for (let round = 0; round < 20; round++) await crash.round()
  expect(crash.kills).toBeGreaterThanOrEqual(20)
  expect(crash.acknowledged).toBeGreaterThan(100)
}, 600_000)

test('killed when what ran has ended and its successor is not there yet, it is brought back', async () => {
  const crash = await DeployCrash.open()
  onTestFinished(() => crash.close())
  for (const act of ['restart', 'deploy', undefined] as const)
    await crash.round({ push: act === undefined, act, kind: 'instance.exited' })
}, 300_000)
