import type { Plugin } from '@longshore/core'
import { verifyPlugin } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import health from '../src/index.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(health as Plugin)) it(name, run)
})
