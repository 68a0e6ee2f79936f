import { definePlugin, Forge } from '@longshore/core'
import { BitbucketConfig } from './config.js'
import { BitbucketForge } from './forge.js'

/** Webhooks and commit statuses of Bitbucket Cloud. */
export default definePlugin({
  name: 'git-bitbucket',
  provides: [Forge],
  forges: { bitbucket: BitbucketConfig },
  setup: ({ provide }) => provide(Forge, 'bitbucket', new BitbucketForge()),
})
