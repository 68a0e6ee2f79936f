import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Forge, ForgeAccess, ForgeSecrets } from '../../contracts/forge.js'
import type { CommitStatus, HookRequest, HookVerdict } from '../../protocol/index.js'
import { RefusedError } from '../../kernel/errors.js'
import {
  forgeSection,
  isHexSigned,
  notDeployed,
  postStatus,
  readPayload,
  unsigned,
} from '../../webhooks/index.js'
import { SecretRef } from '../../protocol/index.js'

/** Its part of the section `hooks`. */
export const FakeForgeConfig = forgeSection({ secret: SecretRef })

const Push = z.object({ event: z.string(), repository: z.string(), ref: z.string().optional() })

/** A forge as simple as one can be: its webhooks hold a name, a repository and a ref, its statuses go to `<api>/statuses/<sha>`. */
export class FakeForge implements Forge {
  read({ headers, body }: HookRequest, { secret }: ForgeSecrets): HookVerdict {
    if (!isHexSigned(secret, body, headers['x-fake-signature'])) return unsigned
    const { value, fault } = readPayload({ headers, body }, Push)
    if (fault !== undefined) return { kind: 'malformed', event: 'unknown', reason: fault }
    const { event, repository, ref } = value
    const once = headers['x-fake-id']
    const signed = { event, ...(once !== undefined && { once }) }
    if (event !== 'push') return notDeployed(signed)
    return { ...signed, kind: 'look', repositories: [repository], ...(ref !== undefined && { refs: [ref] }) }
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
