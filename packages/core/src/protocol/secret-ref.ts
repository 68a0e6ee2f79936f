import { z } from 'zod'

/** How a config names a secret: `{ secret: '<store>:<path>#<key>' }`; the value itself is never written down. */
export const SecretRef = z.strictObject({
  secret: z.string().regex(/^[a-z][a-z0-9-]*:[^#]+(?:#[^#]+)?$/, {
    error:
      'a secret is <store>:<path> or <store>:<path>#<key>, such as env:FORGE_TOKEN or file:/etc/longshore/token',
  }),
})
export type SecretRef = z.infer<typeof SecretRef>
