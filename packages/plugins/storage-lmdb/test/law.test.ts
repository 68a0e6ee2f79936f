import { storageLaws } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { makePlace } from './place.js'

describe('the store, with everything recent', () => {
  for (const law of storageLaws(() => makePlace(65_536))) it(law.name, law.run)
})

describe('the store, sealed into many segments', () => {
  for (const law of storageLaws(() => makePlace(16))) it(law.name, law.run)
})
