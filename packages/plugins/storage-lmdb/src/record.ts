import type { Event } from '@longshore/core/protocol'

/** An event on disk, in format 1: the fields in this order, as a JSON array; its seq is its key. Absent ones are null. */
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
  const { id, time, host, actor, kind, service, deployment, commit, why, data } = event
  const fields = [id, time, host, actor.kind, actor.name, kind, service, deployment, commit, why]
  if (data !== undefined) fields.push(data as string)
  return Buffer.from(JSON.stringify(fields))
}

/** Throws a SyntaxError or TypeError when the bytes are no event. */
export function decodeEvent(seq: number, bytes: Buffer): Event {
  const [id, time, host, actorKind, actorName, kind, service, deployment, commit, why, data] = JSON.parse(
    bytes.toString(),
  ) as Fields
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
