import type { Event } from '@longshore/core/protocol'
import { pack, unpack } from './message-pack.js'

/** An event on disk: the fields in this order, as a MessagePack array; its seq is its key. Absent ones are nil. */
type Fields = [
  id: string,
  time: string,
  host: string,
  actorKind: Event['actor']['kind'],
  actorName: string | null,
  kind: string,
  service: string | null,
  deployment: string | null,
  commit: string | null,
  why: string | null,
  data?: unknown,
]

export function encodeEvent(event: Event): Buffer {
  const {
    id,
    time,
    host,
    actor,
    kind,
    service = null,
    deployment = null,
    commit = null,
    why = null,
    data,
  } = event
  const fields = [id, time, host, actor.kind, actor.name ?? null, kind, service, deployment, commit, why]
  if (data !== undefined) fields.push(data as string)
  return pack(fields)
}

/** The event that lies in the bytes from `from` to `to`; throws when none does. */
export function decodeEvent(seq: number, bytes: Buffer, from = 0, to = bytes.length): Event {
  const fields = unpack(bytes, from, to) as Fields
  const [id, time, host, actorKind, actorName, kind, service, deployment, commit, why, data] = fields
  const event = {
    seq,
    id,
    time,
    host,
    actor: actorName === null ? { kind: actorKind } : { kind: actorKind, name: actorName },
    kind,
  } as Event
  if (service !== null) event.service = service
  if (deployment !== null) event.deployment = deployment
  if (commit !== null) event.commit = commit
  if (why !== null) event.why = why
  event.data = data
  return event
}
