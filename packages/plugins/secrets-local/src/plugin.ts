import { definePlugin, SecretStore } from '@longshore/core'
import { environmentStore, fileStore } from './store.js'

/** The secret stores of the machine itself: `env:` and `file:`. */
export default definePlugin({
  name: 'secrets-local',
  provides: [SecretStore],
  setup({ provide }) {
    provide(SecretStore, 'env', environmentStore)
    provide(SecretStore, 'file', fileStore)
  },
})
