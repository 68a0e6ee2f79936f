import type { Plugin } from '@longshore/core'
import { verifyPlugin } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import auth from '../src/index.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(auth as Plugin)) it(name, run)
})
