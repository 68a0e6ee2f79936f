import { z } from 'zod'
import { Actor } from './actor.js'
import { Commit, SourceRef } from './commit.js'
import { Outcome, Phase, Trigger } from './deployment.js'
import { Difference } from './drift.js'
import { Made } from './made.js'
import { DeploymentId, HostName, ServiceName, Sha, Timestamp } from './names.js'

const reason = z.string().max(4000)
const code = z.string().max(100)
const instance = z.string().max(200)
/** What people call it among those of its service: `web-1`. */
const name = z.string().max(200).optional()
/** Whose good signature it bears, where one was asked for. */
const signer = z.string().max(200).optional()
const engine = z.string().max(100)
const kinds = z.array(z.string().max(100)).max(100)
const declared = z.strictObject({
  source: SourceRef,
  run: z.looseObject({ kind: z.string() }),
  digest: z.string(),
})

/** The core's event kinds and the shape of each one's `data`. Plugins add theirs by their `ProtocolPart`. */
export const coreEvents = {
  'service.declared': declared,
  'service.changed': declared,
  'service.removed': z.strictObject({}),
  /** What ran for it was ended and is gone. */
  'service.ended': z.strictObject({ because: z.enum(['held', 'removed', 'quarantined']) }),
  /** What runs could not be ended: tried again with back-off. */
  'service.stuck': z.strictObject({ code, reason }),
  'commit.seen': z.strictObject({
    commit: Commit,
    /** The branch no longer contains what it showed before. */ forced: z.boolean(),
  }),
  'commit.skipped': z.strictObject({
    commit: Commit,
    code,
    reason,
    /** As in `commit.seen`. */ forced: z.boolean().optional(),
  }),
  'commit.admitted': z.strictObject({
    commit: Commit,
    /** Admitted, and waits: a hold bars it for now. */ held: z.boolean(),
    signer,
  }),
  /** Not let in yet: judged again when something changes, and at `until` at the latest. */
  'commit.waiting': z.strictObject({
    commit: Commit,
    code,
    reason,
    until: Timestamp.optional(),
    signer,
  }),
  'commit.refused': z.strictObject({ commit: Commit, code, reason }),
  /** `digest` and `runtime` (the run kind) are those of the declaration that it carries out. */
  'deployment.queued': z.strictObject({
    commit: Commit,
    trigger: Trigger,
    digest: z.string(),
    runtime: z.string(),
  }),
  'deployment.started': z.strictObject({ phase: Phase }),
  'deployment.entered': z.strictObject({ phase: Phase, /** Once it is applied. */ made: Made.optional() }),
  'deployment.settled': z.strictObject({
    outcome: Outcome,
    code: code.optional(),
    reason: reason.optional(),
    /** It was applied, so it runs, whatever came of it. */
    runs: z.boolean().optional(),
    phases: z.array(z.strictObject({ phase: Phase, at: Timestamp })),
  }),
  'instance.started': z.strictObject({
    instance,
    name,
    pid: z.int().optional(),
    adopted: z.boolean().optional(),
  }),
  'instance.exited': z.strictObject({
    instance,
    name,
    /** Null when it ended by a signal, or while nobody could see how. */
    exitCode: z.int().nullable(),
    signal: z.string().nullable(),
    /** Milliseconds until the runtime starts it again; absent when it will not. */
    restartIn: z.int().optional(),
    /** What the runtime knows beyond that: it used more memory than it may. */
    reason: reason.optional(),
  }),
  'instance.lost': z.strictObject({ instance, name, reason }),
  'drift.found': z.strictObject({ differences: z.array(Difference).max(100) }),
  'drift.healed': z.strictObject({}),
  'drift.gaveUp': z.strictObject({ tries: z.int() }),
  'engine.away': z.strictObject({ engine, kinds, code, reason }),
  'engine.back': z.strictObject({ engine, kinds }),
  'hold.placed': z.strictObject({}),
  'hold.released': z.strictObject({}),
  'quarantine.placed': z.strictObject({
    descendants: z.boolean(),
    /** It counts for every service of the repository. */
    repository: z.boolean().optional(),
    /** With `descendants`: those of the commits known to the service that contain it. */
    bars: z.array(Sha).max(100).optional(),
    /** Of a deployment that was found to be ill: what its last lines were, and the like. */
    evidence: z.array(z.string().max(2000)).max(50).optional(),
  }),
  'quarantine.lifted': z.strictObject({}),
  'pin.placed': z.strictObject({ commit: Commit }),
  'pin.removed': z.strictObject({}),
  'check.healthy': z.strictObject({ check: z.string().max(63) }),
  'check.unhealthy': z.strictObject({ check: z.string().max(63), reason }),
  /** Nobody looks any more, or can: nothing is known of it. */
  'check.unknown': z.strictObject({ check: z.string().max(63), reason: reason.optional() }),
  'source.unreachable': z.strictObject({ code, reason }),
  'source.reachable': z.strictObject({}),
  'config.applied': z.strictObject({ changes: z.array(z.string()) }),
  'config.refused': z.strictObject({ errors: z.array(z.string()) }),
  'host.started': z.strictObject({ version: z.string() }),
  'host.stopping': z.strictObject({}),
} as const satisfies Record<string, z.ZodType>

export type CoreEvents = typeof coreEvents
export type CoreKind = keyof CoreEvents

/** What every event carries. `seq` has no gap within a host's journal. */
export const Envelope = z
  .strictObject({
    seq: z.int().positive(),
    id: z.string(),
    time: Timestamp,
    host: HostName,
    actor: Actor,
    kind: z.string(),
    service: ServiceName.optional(),
    deployment: DeploymentId.optional(),
    commit: Sha.optional(),
    why: z.string().max(2000).optional(),
    data: z.unknown(),
  })
  .meta({ id: 'Event' })

/** An immutable fact. Plugins' kinds have their own data; `isKind` narrows the core's. */
export type Event = z.infer<typeof Envelope>
export type EventOf<K extends CoreKind> = Omit<Event, 'kind' | 'data'> & {
  kind: K
  data: z.infer<CoreEvents[K]>
}

/** An event that has not happened yet: `advance` gives it seq, id and time. */
export type EventDraft = Omit<Event, 'seq' | 'id' | 'time' | 'host'> & { host?: string }
export type CoreDraft = {
  [K in CoreKind]: Omit<EventDraft, 'kind' | 'data'> & { kind: K; data: z.infer<CoreEvents[K]> }
}[CoreKind]

export function isKind<K extends CoreKind>(event: Event, ...kinds: K[]): event is Event & EventOf<K> {
  return (kinds as string[]).includes(event.kind)
}
