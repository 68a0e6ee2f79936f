import { z } from 'zod'
import { Actor } from './actor.js'
import { Commit } from './commit.js'
import { Made } from './made.js'
import { DeploymentId, HostName, ServiceName, Timestamp } from './names.js'

export const Phase = z.enum(['queued', 'fetching', 'planning', 'applying', 'verifying', 'settled'])
export type Phase = z.infer<typeof Phase>

export const Outcome = z.enum([
  'kept',
  'rolledBack',
  'refused',
  'superseded',
  'cancelled',
  'failed',
  'interrupted',
])
export type Outcome = z.infer<typeof Outcome>

/** What asked `desired` again and so brought the deployment about. */
export const Trigger = z.enum([
  'commit',
  'operator',
  'rollback',
  'restart',
  'release',
  'config',
  'resume',
  'lost',
  'drift',
])
export type Trigger = z.infer<typeof Trigger>

/** One attempt to bring one service to one commit. */
export const Deployment = z
  .strictObject({
    id: DeploymentId,
    service: ServiceName,
    host: HostName,
    commit: Commit,
    trigger: Trigger,
    actor: Actor,
    why: z.string().optional(),
    phase: Phase,
    /** When each phase began, in order. */
    phases: z.array(z.strictObject({ phase: Phase, at: Timestamp })),
    made: Made.optional(),
    outcome: Outcome.optional(),
    /** For an outcome that is not `kept`: the stable code and a sentence. */
    code: z.string().optional(),
    reason: z.string().optional(),
    /** `seq` of its first event: lists go by it. */
    seq: z.int(),
  })
  .meta({ id: 'Deployment' })
export type Deployment = z.infer<typeof Deployment>
