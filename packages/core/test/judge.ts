import { definePlugin, type Plugin } from '../src/index.js'

/** A plugin that finds commits to be ill whose message says so, and lets those wait whose message says that. */
export const judge: Plugin = definePlugin({
  name: 'judge',
  setup({ hooks }) {
    hooks.settle.tap(({ commit }) =>
      commit.message.includes('ill')
        ? { keep: false, code: 'CHECK_UNHEALTHY', reason: 'ready answers 500', evidence: ['Error: boom'] }
        : undefined,
    )
    hooks.admit.tap(({ message }) =>
      message.includes('wait')
        ? { code: 'APPROVAL_WAITED', reason: 'nobody approved it', waits: true }
        : undefined,
    )
  },
})
