import { afterAll, beforeAll, expect, it } from 'vitest'
import { crashRound } from './crash-rounds.mjs'
import { makePlace, type Place } from './place.js'

let place: Place
beforeAll(async () => {
  place = await makePlace()
})
afterAll(() => place.remove())

it('loses nothing that it acknowledged when it is killed at any moment, 20 times', async () => {
  let acknowledged = 0
  for (let round = 0; round < 20; round++) acknowledged += await crashRound(place.folder, Math.random() * 150)
  expect(acknowledged).toBeGreaterThan(0)
}, 600_000)
