import { z } from 'zod'
import { Actor } from './actor.js'
import { Commit, SourceRef } from './commit.js'
import { Outcome, Phase, Trigger } from './deployment.js'
import { Drift } from './drift.js'
import { DeploymentId, HostName, ServiceName, Sha, Timestamp } from './names.js'

/** An operator's stored intent: this does not run and is not deployed. Only a release ends it. */
export const Hold = z
  .strictObject({ by: Actor, since: Timestamp, why: z.string().optional(), seq: z.int() })
  .meta({ id: 'Hold' })
export type Hold = z.infer<typeof Hold>

/** A commit barred from the service, with everything that contains it when `descendants`. */
export const Quarantine = Hold.extend({
  sha: Sha,
  descendants: z.boolean(),
  repository: z.boolean().optional(),
  /** Of the commits that the service knew when it was placed: those that contain it. */
  bars: z.array(Sha).optional(),
  /** The deployment that was found to be ill, where that is why. */
  deployment: DeploymentId.optional(),
}).meta({ id: 'Quarantine' })
export type Quarantine = z.infer<typeof Quarantine>

/** The service is kept on one commit. */
export const Pin = Hold.extend({ commit: Commit }).meta({ id: 'Pin' })
export type Pin = z.infer<typeof Pin>

/** One process or container that runs, or ran last, for the service. */
export const Instance = z
  .strictObject({
    id: z.string(),
    /** What people call it among those of its service, also once it was made anew: `web-1`. */
    name: z.string().optional(),
    deployment: DeploymentId.optional(),
    pid: z.int().optional(),
    state: z.enum(['running', 'restarting', 'exited', 'lost']),
    since: Timestamp,
    restarts: z.int(),
    exitCode: z.int().nullable().optional(),
    signal: z.string().nullable().optional(),
    /** How it ended, where that is known beyond code and signal. */
    reason: z.string().optional(),
  })
  .meta({ id: 'Instance' })
export type Instance = z.infer<typeof Instance>

/** A commit that was kept, by the last deployment that kept it: what the service can go back to. */
export const Kept = z
  .strictObject({
    /** Of its message only the first line. */
    commit: Commit,
    deployment: DeploymentId,
    /** Of what was declared. */
    digest: z.string(),
    at: Timestamp,
  })
  .meta({ id: 'Kept' })
export type Kept = z.infer<typeof Kept>

/** What a check of what runs said last. */
export const CheckState = z
  .strictObject({
    check: z.string(),
    deployment: DeploymentId,
    healthy: z.boolean(),
    reason: z.string().optional(),
    since: Timestamp,
  })
  .meta({ id: 'CheckState' })
export type CheckState = z.infer<typeof CheckState>

/** An attempt that failed. */
const FailedAttempt = z.strictObject({
  sha: Sha,
  digest: z.string(),
  deployment: DeploymentId,
  outcome: Outcome,
  code: z.string().optional(),
  reason: z.string().optional(),
  at: Timestamp,
})

/** A service on one host, as the journal tells it: the core's state document. */
export const Placement = z.strictObject({
  service: ServiceName,
  host: HostName,
  /** False once it was removed from the config: its history stays. */
  declared: z.boolean(),
  source: SourceRef,
  run: z.looseObject({ kind: z.string() }),
  /** Of what is declared; a deployment carries it, so that a changed declaration is seen as one. */
  digest: z.string(),
  unreachable: z.strictObject({ code: z.string(), reason: z.string(), since: Timestamp }).optional(),
  seen: Commit.optional(),
  newest: Commit.optional(),
  refused: z.strictObject({ sha: Sha, code: z.string(), reason: z.string() }).optional(),
  /** The head, when it is not let in yet. */
  waiting: z
    .strictObject({
      commit: Commit,
      code: z.string(),
      reason: z.string(),
      until: Timestamp.optional(),
      /** Whose good signature it bears, where one was asked for. */
      signer: z.string().optional(),
    })
    .optional(),
  /** The head, when it touches nothing of the service: judged anew when the declaration changes. */
  skipped: Sha.optional(),
  hold: Hold.optional(),
  pin: Pin.optional(),
  quarantines: z.array(Quarantine),
  /** The last commits that were kept, each once, the last one first. */
  kept: z.array(Kept).optional(),
  /** Of what runs, and only what differs from unknown. */
  checks: z.array(CheckState).optional(),
  running: z
    .strictObject({
      commit: Commit,
      deployment: DeploymentId,
      digest: z.string(),
      /** The run kind that started it, and that has to end it. */
      runtime: z.string(),
      since: Timestamp,
    })
    .optional(),
  deployment: z
    .strictObject({
      id: DeploymentId,
      commit: Commit,
      digest: z.string(),
      runtime: z.string(),
      trigger: Trigger,
      phase: Phase,
      since: Timestamp,
    })
    .optional(),
  last: z
    .strictObject({
      id: DeploymentId,
      commit: Commit,
      outcome: Outcome,
      code: z.string().optional(),
      reason: z.string().optional(),
      at: Timestamp,
    })
    .optional(),
  /** What was tried and must not be tried again by itself: a newer commit, another declaration or a person ends it. */
  failed: FailedAttempt.extend({
    /** What else failed, as it is declared now. */
    others: z.array(FailedAttempt).optional(),
  }).optional(),
  drift: Drift.optional(),
  stuck: z.strictObject({ code: z.string(), reason: z.string(), since: Timestamp }).optional(),
  instances: z.array(Instance),
  /** The last event that changed it. */
  seq: z.int(),
})
export type Placement = z.infer<typeof Placement>
