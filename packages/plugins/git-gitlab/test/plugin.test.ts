import type { Plugin } from '@longshore/core'
import { forgeSectionLaws, verifyPlugin } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import gitlab from '../src/index.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(gitlab as Plugin)) it(name, run)
})

describe('its part of the section hooks', () => {
  for (const { name, run } of forgeSectionLaws(gitlab as Plugin, 'gitlab', {
    'a signing token': { signing: { secret: 'env:HOOK' } },
  }))
    it(name, run)
})
