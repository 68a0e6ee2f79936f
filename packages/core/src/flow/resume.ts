import {
  alive,
  desired,
  systemActor,
  type CoreDraft,
  type Instance,
  type Placement,
} from '../protocol/index.js'
import type { FoundInstance } from '../contracts/runtime.js'
import { kindsOf } from '../drift/changes.js'
import { endWith } from './end.js'
import type { FlowParts } from './parts.js'
import { comesBack } from '../drift/policy.js'

/**
 * After a start, whatever ended the last run: no deployment stays under way for ever, nothing that should not run goes on,
 * and what should run but is gone is known to be lost. Answers the services of which something runs, and those that lost it.
 * With `back`, the kinds whose engine was away: only theirs, and a deployment under way goes on.
 */
export async function resume(
  parts: FlowParts,
  back?: ReadonlySet<string>,
): Promise<{ found: Set<string>; lost: Set<string> }> {
  const { journal, host } = parts
  const { found, blind } = await findAll(parts, back)
  const deployed = new Map<string, Set<string>>()
  for (const { service, deployment } of found.values()) {
    deployed.set(service, (deployed.get(service) ?? new Set()).add(deployment))
  }
  const suspect = new Set<string>()
  const drafts: CoreDraft[] = []
  for (const placement of journal.placements().values()) {
    if (placement.host !== host) continue
    const { service, deployment, running, last } = placement
    if (back && (deployment || !back.has(running?.runtime ?? placement.run.kind))) continue
    if (deployment) drafts.push(interrupted(service, deployment))
    if (blind.has(running?.runtime ?? placement.run.kind)) continue
    const here = deployed.get(service)
    const gone = placement.instances.filter(({ id, state }) => alive.has(state) && !found.has(id))
    drafts.push(...gone.map((instance) => instanceLost(service, instance, back)))
    // What runs is not what the journal last knew to be kept: a crash came between the two.
    const other = here !== undefined && !(running && here.has(running.deployment))
    // What was interrupted may have ended what ran before it.
    const torn = deployment !== undefined || last?.outcome === 'interrupted'
    if (other || torn) suspect.add(service)
  }
  if (drafts.length > 0) await journal.record(...drafts)
  const here = journal.here()
  const lost = here.filter(
    (each) => desired(each).commit && (suspect.has(each.service) || comesBack(parts, each)),
  )
  return { found: new Set(deployed.keys()), lost: new Set(lost.map(({ service }) => service)) }
}

function interrupted(service: string, { id, commit }: NonNullable<Placement['deployment']>): CoreDraft {
  const reason = 'Longshore ended while it was under way'
  const data = { outcome: 'interrupted' as const, code: 'DEPLOYMENT_INTERRUPTED', reason, phases: [] }
  const about = { service, deployment: id, commit: commit.sha, actor: systemActor }
  return { kind: 'deployment.settled', ...about, data }
}

function instanceLost(service: string, { id, name, deployment }: Instance, back?: unknown): CoreDraft {
  const reason = `it was gone when ${back ? 'its engine was back' : 'Longshore started'}`
  const data = { instance: id, name, reason }
  return { kind: 'instance.lost', service, deployment, actor: systemActor, data }
}

interface Findings {
  found: Map<string, FoundInstance>
  /** Kinds whose runtime could not tell: nothing of theirs is known to be gone. */
  blind: Set<string>
}

/** Every instance that a runtime finds, by its id; what belongs to no placement of ours is ended. */
async function findAll(parts: FlowParts, back?: ReadonlySet<string>): Promise<Findings> {
  const { runtimes, journal, host, log } = parts
  const findings: Findings = { found: new Map(), blind: new Set() }
  for (const kind of back ?? kindsOf([...journal.placements().values()])) {
    const runtime = runtimes.get(kind)
    if (!runtime) continue
    try {
      for (const instance of await runtime.find()) {
        findings.found.set(instance.instance, instance)
        if (journal.placement(instance.service, host)) continue
        await endWith(parts, kind, instance.service).catch((error: unknown) => {
          log.error({ error, ...instance }, 'what belongs to no service could not be ended')
        })
      }
    } catch (error) {
      log.error({ error, kind }, 'a runtime cannot tell what runs')
      findings.blind.add(kind)
    }
  }
  return findings
}
