import { definePlugin, Contributions } from '@longshore/core'
import { shape } from '@longshore/core/protocol'
import { z } from 'zod'

const route = z.strictObject({
  method: z.string(),
  path: z.string(),
  right: z.string(),
  scoped: z.boolean(),
})

/** A stranger's plugin that tells which routes were declared, whatever the document of the API says. */
export default definePlugin({
  name: 'declared',
  version: '1.0.0',
  needs: { contributions: Contributions },
  setup({ needs: { contributions }, routes }) {
    const declared = shape({
      method: 'GET',
      path: '/declared',
      summary: 'Every route that a plugin declares',
      right: 'host:read',
      response: z.strictObject({ items: z.array(route) }),
    })
    routes.add(declared, async () => ({
      items: contributions.routes.map(({ shape: { method, path, root, right, scoped } }) => {
        return { method, path: `${root ? '' : '/api/v1'}${path}`, right, scoped: scoped === true }
      }),
    }))
  },
})
