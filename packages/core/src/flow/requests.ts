import {
  desired,
  type Accepted,
  type Actor,
  type Commit,
  type CoreDraft,
  type Placement,
} from '../protocol/index.js'
import { InputError, RefusedError } from '../kernel/errors.js'
import { newId } from '../kernel/ids.js'
import type { Lane } from './lane.js'
import type { FlowParts } from './parts.js'
import { Ended } from './pipeline.js'
import type { Service } from './service.js'
import { deploymentUnknown, serviceUnknown } from './unknown.js'

/** What a person or a program asks of a service. `host` absent: every placement that this kernel knows. */
export type Request = { actor: Actor; why?: string } & (
  | { kind: 'deploy'; service: string; host?: string; commit?: string }
  | { kind: 'start' | 'stop' | 'restart'; service: string; host?: string }
  | { kind: 'cancel'; deployment: string }
)

type ServiceRequest = Exclude<Request, { kind: 'cancel' }>

/** Milliseconds that a request may take to look a commit up. */
const lookUp = 30_000

/** The requests: each becomes a fact, then asks the lane. There is no back door. */
export class Requests {
  readonly #parts: FlowParts
  readonly #lanes: ReadonlyMap<string, Lane>
  readonly #services: () => ReadonlyMap<string, Service>

  constructor(
    parts: FlowParts,
    lanes: ReadonlyMap<string, Lane>,
    services: () => ReadonlyMap<string, Service>,
  ) {
    this.#parts = parts
    this.#lanes = lanes
    this.#services = services
  }

  async take(request: Request): Promise<Accepted> {
    if (request.kind === 'cancel') return this.#cancel(request)
    const { placement, lane } = this.#find(request)
    if (request.kind === 'stop') return this.#stop(request, placement, lane)
    if (request.kind === 'start') return this.#start(request, placement, lane)
    return this.#redeploy(request, placement, lane)
  }

  #find({ service, host }: ServiceRequest): { placement: Placement; lane: Lane } {
    const { journal, host: here } = this.#parts
    const placement = journal.placement(service, host ?? here)
    const lane = this.#lanes.get(service)
    if (placement?.declared && lane) return { placement, lane }
    throw serviceUnknown(service, host, placement !== undefined)
  }

  async #stop(request: ServiceRequest, placement: Placement, lane: Lane): Promise<Accepted> {
    if (!request.why?.trim()) {
      throw new InputError('WHY_MISSING', 'a stop needs a reason', {
        hint: 'Say why: people read it when they find it stopped.',
      })
    }
    if (placement.hold) return { seq: placement.hold.seq }
    const seq = await this.#record(request, { kind: 'hold.placed', data: {} })
    lane.ask({ trigger: 'operator', actor: request.actor, why: request.why })
    return { seq }
  }

  async #start(request: ServiceRequest, placement: Placement, lane: Lane): Promise<Accepted> {
    const { actor, why } = request
    const seq = placement.hold
      ? await this.#record(request, { kind: 'hold.released', data: {} })
      : placement.seq
    const after = this.#parts.journal.placement(placement.service, placement.host) ?? placement
    const wanted = desired(after).commit
    const runs = wanted !== undefined && after.running?.commit.sha === wanted.sha && !placement.hold
    if (!wanted || runs) return { seq }
    const id = newId(this.#parts.clock.now())
    return { seq, deployment: lane.ask({ trigger: 'release', actor, why, force: true, id }) }
  }

  async #redeploy(request: ServiceRequest, placement: Placement, lane: Lane): Promise<Accepted> {
    const { hold, service } = placement
    if (hold) {
      throw new RefusedError('SERVICE_HELD', `${service} is held${hold.why ? `: ${hold.why}` : ''}`, {
        hint: `Release it first: longshore start ${service}`,
      })
    }
    const restart = request.kind === 'restart'
    if (restart && !placement.running) throw nothing(service, 'runs')
    const named = request.kind === 'deploy' && request.commit
    const seq = named ? await this.#choose(request, named, placement) : placement.seq
    const after = this.#parts.journal.placement(service, placement.host) ?? placement
    if (!restart && !desired(after).commit) throw nothing(service, 'was admitted')
    const wanted = desired(after).commit?.sha
    const under = after.deployment
    if (!restart && under && under.commit.sha === wanted && under.digest === after.digest)
      return { seq, deployment: under.id }
    const id = newId(this.#parts.clock.now())
    const { actor, why } = request
    const trigger = restart ? 'restart' : 'operator'
    return { seq, deployment: lane.ask({ trigger, actor, why, force: true, keep: restart, id }) }
  }

  /** A commit that a person names counts as admitted: the newest until a newer one comes. */
  async #choose(request: ServiceRequest, sha: string, placement: Placement): Promise<number> {
    const known = [placement.newest, placement.seen, placement.running?.commit].find(
      (each) => each?.sha === sha,
    )
    const commit = known ?? (await this.#fetch(request.service, sha))
    const refusal = await this.#parts.hooks.admit(commit, placement)
    if (refusal) throw new RefusedError(refusal.code, refusal.reason)
    return this.#record(request, { kind: 'commit.admitted', commit: sha, data: { commit, held: false } })
  }

  async #fetch(service: string, sha: string): Promise<Commit> {
    const { source } = this.#services().get(service)!
    return this.#parts.git.fetch(source, sha, AbortSignal.timeout(lookUp))
  }

  async #cancel({ deployment: id, actor, why }: Extract<Request, { kind: 'cancel' }>): Promise<Accepted> {
    const deployment = await this.#parts.journal.deployment(id)
    if (!deployment) throw deploymentUnknown(id)
    const reason = new Ended('DEPLOYMENT_CANCELLED', 'cancelled', why ?? 'cancelled by request', actor)
    if (deployment.outcome || !this.#lanes.get(deployment.service)?.cancel(id, reason)) {
      throw new RefusedError(
        'DEPLOYMENT_SETTLED',
        `the deployment ${id} has settled: ${deployment.outcome ?? 'queued'}`,
      )
    }
    return { seq: deployment.seq, deployment: id }
  }

  async #record(
    { service, actor, why }: ServiceRequest,
    draft: Omit<CoreDraft, 'actor' | 'service'>,
  ): Promise<number> {
    const [event] = await this.#parts.journal.record({ ...draft, service, actor, why } as CoreDraft)
    return event!.seq
  }
}

function nothing(service: string, verb: 'runs' | 'was admitted'): RefusedError {
  return new RefusedError('NOTHING_TO_DEPLOY', `no commit of ${service} ${verb} yet`, {
    hint: `Push one, or look at why none came: longshore show ${service}`,
  })
}
