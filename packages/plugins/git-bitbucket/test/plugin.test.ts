import type { Plugin } from '@longshore/core'
import { forgeSectionLaws, verifyPlugin } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import bitbucket from '../src/index.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(bitbucket as Plugin)) it(name, run)
})

describe('its part of the section hooks', () => {
  for (const { name, run } of forgeSectionLaws(bitbucket as Plugin, 'bitbucket')) it(name, run)
})
