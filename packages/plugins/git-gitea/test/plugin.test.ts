import type { Plugin } from '@longshore/core'
import { forgeSectionLaws, verifyPlugin } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import gitea from '../src/index.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(gitea as Plugin)) it(name, run)
})

describe('its part of the section hooks', () => {
  for (const { name, run } of forgeSectionLaws(gitea as Plugin, 'gitea')) it(name, run)
})
