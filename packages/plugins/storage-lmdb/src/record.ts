import { Packr } from 'msgpackr'
import type { Event } from '@longshore/core/protocol'

/** Plain MessagePack: each record can be read by itself, in any file. */
const packr = new Packr({ useRecords: false })

/** An event on disk, in format 1: the fields in this order, as a MessagePack array; its seq is its key. Absent ones are nil. */
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
  return packr.pack(fields)
}

/** Throws when the bytes are no event. */
export function decodeEvent(seq: number, bytes: Buffer): Event {
  const fields = packr.unpack(bytes, bytes.length) as Fields
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
