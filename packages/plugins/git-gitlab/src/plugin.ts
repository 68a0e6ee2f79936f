import { definePlugin, Forge } from '@longshore/core'
import { GitlabConfig } from './config.js'
import { GitlabForge } from './forge.js'

/** Webhooks and commit statuses of GitLab. */
export default definePlugin({
  name: 'git-gitlab',
  provides: [Forge],
  forges: { gitlab: GitlabConfig },
  setup: ({ provide }) => provide(Forge, 'gitlab', new GitlabForge()),
})
