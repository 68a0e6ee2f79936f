import { definePlugin, Forge } from '@longshore/core'
import { GiteaConfig } from './config.js'
import { GiteaForge } from './forge.js'

/** Webhooks and commit statuses of Gitea and Forgejo. */
export default definePlugin({
  name: 'git-gitea',
  provides: [Forge],
  forges: { gitea: GiteaConfig },
  setup: ({ provide }) => provide(Forge, 'gitea', new GiteaForge()),
})
