import type { ProtocolPart } from '@longshore/core/protocol'
import { z } from 'zod'

const text = (most: number) => z.string().max(most)
const decision = {
  /** What was decided: a route (`POST /services/:service/stop`), or a word such as `sign in`. */
  what: text(200),
  /** The rule that decided: `role viewer`, `token ci`, `nobody`. */
  rule: text(200),
  right: text(100).optional(),
  /** The address that it came from. */
  from: text(100).optional(),
  /** The account, token or session that it is about, where that is not the actor. */
  about: text(200).optional(),
}

/** Every decision about who may: these are the audit log. Names and addresses of people are for who manages accounts. */
export const authProtocol: ProtocolPart = {
  rights: { 'access.granted': 'users:read', 'access.refused': 'users:read' },
  events: {
    'access.granted': z.strictObject(decision),
    'access.refused': z.strictObject({
      ...decision,
      code: text(100),
      reason: text(1000),
      /** So many of the same kind, when they came close together. */
      times: z.int().positive().optional(),
    }),
  },
}
