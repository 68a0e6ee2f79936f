import { verifyPlugin } from '@longshore/core/testkit'
import { it } from 'vitest'
import plugin from '../src/index.js'

for (const law of verifyPlugin(plugin)) it(law.name, law.run)
