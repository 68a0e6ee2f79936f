import { verifyPlugin } from '@longshore/core/testkit'
import { it } from 'vitest'
import web from '../src/index.js'

for (const law of verifyPlugin(web, { config: { web: { listen: '127.0.0.1:0' } } })) it(law.name, law.run)
