import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { definePlugin } from '@longshore/core'

/** Brings the pages of `@longshore/ui`, as they were built. Leave it out, and there is the API alone. */
export default definePlugin({
  name: 'dashboard',
  version: '0.1.0',
  setup({ sites }) {
    const described = createRequire(import.meta.url).resolve('@longshore/ui/package.json')
    sites.add({ folder: join(dirname(described), 'dist'), page: 'index.html' })
  },
})
