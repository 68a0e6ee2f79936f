import { DeploymentId, Page, RawBody, ServiceName, Sha, shape, Timestamp } from '@longshore/core/protocol'
import { z } from 'zod'

/** Bytes of a webhook: a push of some hundred commits has fewer. */
const largest = 1_048_576

const Forge = z.string().regex(/^[a-z0-9-]{1,40}$/, { error: 'a forge is named as in the section `hooks`' })
const Verdict = z.enum(['accepted', 'ignored', 'refused'])
const code = z.string()
const reason = z.string()

/** A webhook that came, and what became of it. */
export const Delivery = z
  .strictObject({
    id: z.string(),
    at: Timestamp,
    forge: z.string(),
    /** The service that its address named. */
    service: z.string().optional(),
    /** The token that let it in, where no signature did. */
    token: z.string().optional(),
    /** The forge's own word for it. Absent where nobody knows who sent it, as all that it says. */
    event: z.string().optional(),
    verdict: Verdict,
    /** Of the answer. */
    status: z.int(),
    code: code.optional(),
    reason: reason.optional(),
    repository: z.string().optional(),
    refs: z.array(z.string()).optional(),
    /** Whose sources were looked at, or will be in a moment. */
    services: z.array(ServiceName),
    /** The commits that were found then, and what brings them. */
    led: z.array(z.strictObject({ service: ServiceName, commit: Sha, deployment: DeploymentId.optional() })),
  })
  .meta({ id: 'HookDelivery' })
export type Delivery = z.infer<typeof Delivery>

/** What a forge is answered, and shows in its own list. */
const Taken = z
  .strictObject({
    delivery: z.string(),
    verdict: Verdict,
    code: code.optional(),
    reason: reason.optional(),
    services: z.array(ServiceName),
  })
  .meta({ id: 'HookAnswer' })
export type Taken = z.infer<typeof Taken>

export const hookRoutes = {
  deliveries: shape({
    method: 'GET',
    path: '/hooks/deliveries',
    summary: 'Webhooks that came lately and what became of them, newest first; kept in memory',
    right: 'services:read',
    scoped: true,
    response: Page(Delivery),
  }),
  take: shape({
    method: 'POST',
    path: '/hooks/:forge',
    summary:
      'A webhook: has the sources looked at that follow its repository. Its signature is what lets it in',
    right: 'none',
    params: z.strictObject({ forge: Forge }),
    body: RawBody,
    raw: largest,
    response: Taken,
    status: 202,
  }),
  takeFor: shape({
    method: 'POST',
    path: '/hooks/:forge/:service',
    summary: 'A webhook for one service, whatever its repository is called there',
    right: 'none',
    params: z.strictObject({ forge: Forge, service: z.string().max(200) }),
    body: RawBody,
    raw: largest,
    response: Taken,
    status: 202,
  }),
} as const
