import {
  Accepted,
  Actor,
  HostQuery,
  placementKey,
  ServiceName,
  Sha,
  shape,
  slice,
  Timestamp,
  type ProtocolPart,
} from '@longshore/core/protocol'
import { z } from 'zod'

/** A person's word that a commit may be deployed. It is for this sha: what takes its place on the branch needs its own. */
export const Approval = z.strictObject({ sha: Sha, by: Actor, at: Timestamp, why: z.string().optional() })
export type Approval = z.infer<typeof Approval>

/** Approvals of a placement that are remembered: the last ones. */
const remembered = 100

/** One document per placement: what was approved, the last one first. */
export const approvalSlice = slice<Approval[]>({
  name: 'approval',
  key: ({ kind, service, host }) =>
    kind === 'commit.approved' && service !== undefined ? placementKey(service, host) : undefined,
  reduce(state = [], { commit: sha, actor: by, time: at, why }) {
    const others = state.filter((each) => each.sha !== sha)
    return [{ sha: sha!, by, at, why }, ...others].slice(0, remembered)
  },
  shown: (state, key, sees) => (sees(key.slice(0, key.indexOf('@'))) ? state : undefined),
})

/** `commit.approved` names the commit, as every event does that is about one. */
export const approvalProtocol: ProtocolPart = {
  events: { 'commit.approved': z.strictObject({}) },
  slices: [approvalSlice],
}

export const approvalRoutes = {
  approve: shape({
    method: 'POST',
    path: '/services/:service/approve',
    summary: 'Approve a commit that waits for it, or another one by its id, and let it in',
    right: 'services:deploy',
    params: z.strictObject({ service: ServiceName }),
    query: HostQuery,
    body: z.strictObject({ commit: Sha, why: z.string().trim().min(1).max(2000).optional() }),
    /** `waits`: it is approved, and something else still keeps it out. */
    response: Accepted.extend({
      waits: z.strictObject({ code: z.string(), reason: z.string() }).optional(),
    }),
    status: 202,
  }),
} as const
