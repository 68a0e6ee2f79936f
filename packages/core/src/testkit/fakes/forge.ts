import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Forge, ForgeAccess, ForgeSecrets } from '../../contracts/forge.js'
import type { CommitStatus, HookRequest, HookVerdict } from '../../protocol/index.js'
import { RefusedError } from '../../kernel/errors.js'
import {
  forgeSection,
  isHexSigned,
  postStatus,
  readPayload,
  readPush,
  unsigned,
} from '../../webhooks/index.js'
import { SecretRef } from '../../protocol/index.js'

/** Its part of the section `hooks`. */
export const FakeForgeConfig = forgeSection({ secret: SecretRef })

const Push = z.object({ repository: z.string(), ref: z.string().optional() })

/** A forge as simple as one can be: its webhooks hold a name, a repository and a ref, its statuses go to `<api>/statuses/<sha>`. */
export class FakeForge implements Forge {
  read({ headers, body }: HookRequest, { secret }: ForgeSecrets): HookVerdict {
    if (!isHexSigned(secret, body, headers['x-fake-signature'])) return unsigned
    const named = readPayload({ headers, body }, z.object({ event: z.string() }))
    const once = headers['x-fake-id']
    const signed = { event: named.value?.event ?? 'push', ...(once !== undefined && { once }) }
    return readPush({ headers, body }, signed, {
      events: ['push'],
      schema: Push,
      of: ({ repository, ref }) => ({
        repositories: [repository],
        ...(ref !== undefined && { refs: [ref] }),
      }),
    })
  }

  report(status: CommitStatus, { api, token }: ForgeAccess, signal: AbortSignal): Promise<void> {
    const headers = { authorization: `Bearer ${token.open()}` }
    const refused = (answer: number) =>
      new RefusedError('STATUS_REFUSED', `the fake forge answered ${answer}`)
    return postStatus({ url: `${api}/statuses/${status.sha}`, headers, body: status }, refused, signal)
  }
}

/** A webhook of the fake forge, signed by the secret. */
export function fakeHook(
  secret: string,
  content: unknown,
  headers: Record<string, string> = {},
): HookRequest & { body: Buffer } {
  const text = typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content)
  const body = Buffer.from(text)
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  return { headers: { 'content-type': 'application/json', 'x-fake-signature': signature, ...headers }, body }
}
