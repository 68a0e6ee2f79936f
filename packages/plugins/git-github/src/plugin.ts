import { definePlugin, Forge } from '@longshore/core'
import { GithubConfig } from './config.js'
import { GithubForge } from './forge.js'

/** Webhooks and commit statuses of GitHub. */
export default definePlugin({
  name: 'git-github',
  provides: [Forge],
  forges: { github: GithubConfig },
  setup: ({ provide }) => provide(Forge, 'github', new GithubForge()),
})
