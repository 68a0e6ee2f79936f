import type { Plugin } from '@longshore/core'
import { forgeSectionLaws, verifyPlugin } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import github from '../src/index.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(github as Plugin)) it(name, run)
})

describe('its part of the section hooks', () => {
  for (const { name, run } of forgeSectionLaws(github as Plugin, 'github')) it(name, run)
})
