import { join } from 'node:path'
import { servicesOf } from '@longshore/core'
import type {
  Clock,
  Config,
  Flow,
  HealthProbe,
  HostInfo,
  Journal,
  Logger,
  Plan,
  Service,
} from '@longshore/core'
import { systemActor, type CheckConfig, type Event, type Placement } from '@longshore/core/protocol'
import type { Scheduler } from '../schedule/scheduler.js'
import { Check, type Aim, type CheckParts } from './check.js'
import type { Standing } from './judge.js'

export interface BoardParts {
  flow: Flow
  journal: Journal
  config: Config
  host: HostInfo
  probes: ReadonlyMap<string, HealthProbe>
  scheduler: Scheduler
  clock: Clock
  log: Logger
  looked: CheckParts['looked']
  missed: CheckParts['missed']
  /** The checks that there are now. */
  kept(checks: readonly Check[]): void
}

/** Every check of this host: what is declared, aimed at what runs. */
export class Board {
  readonly #parts: BoardParts
  readonly #checks = new Map<string, Check[]>()
  readonly #listeners = new Set<() => void>()
  #services: ReadonlyMap<string, Service>
  /** Since when what runs was applied, where that was seen. */
  readonly #applied = new Map<string, { deployment: string; at: number; directory: string }>()

  constructor(parts: BoardParts) {
    this.#parts = parts
    this.#services = servicesOf(parts.config.current())
  }

  /** The config as it is now. */
  follow(): void {
    this.#services = servicesOf(this.#parts.config.current())
    for (const service of new Set([...this.#services.keys(), ...this.#checks.keys()])) this.#sync(service)
    this.#parts.kept(this.all())
    this.#forget().catch((error: unknown) =>
      this.#parts.log.warn({ error }, 'that checks were taken out of the config could not be recorded'),
    )
  }

  hear({ kind, service, host }: Event): void {
    if (service === undefined || host !== this.#parts.host.name) return
    if (/^(deployment|service|hold|quarantine)\./.test(kind)) this.#sync(service)
  }

  /** The checks of a service, in the order of the config. */
  of(service: string): readonly Check[] {
    return this.#checks.get(service) ?? []
  }

  all(): Check[] {
    return [...this.#checks.values()].flat()
  }

  /** A deployment was applied just now: its checks begin. */
  applied({ service, deployment, directory }: Plan): readonly Check[] {
    this.#applied.set(service, { deployment, at: this.#parts.clock.now(), directory })
    this.#sync(service)
    return this.of(service)
  }

  /** Calls after every look that counts, until the answer is called. */
  listen(fn: () => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  /** Why nothing is looked at for a service now; undefined where something is. */
  pause(service: string): string | undefined {
    const placement = this.#parts.flow.placement(service, this.#parts.host.name)
    if (!placement) return 'it was not declared yet'
    if (placement.hold) return 'the service is held'
    if (placement.deployment?.phase === 'applying') return 'a deployment is being applied'
    return this.#aim(placement) ? undefined : 'nothing runs'
  }

  #declared(service: string): readonly CheckConfig[] {
    return this.#services.has(service) ? this.#parts.config.current().services[service]!.checks : []
  }

  #sync(service: string): void {
    const { flow, host, scheduler } = this.#parts
    const before = this.#checks.get(service) ?? []
    const checks = this.#declared(service).map((each) => this.#like(before, service, each))
    for (const check of before) if (!checks.includes(check)) scheduler.remove(check)
    if (checks.length > 0) this.#checks.set(service, checks)
    else this.#checks.delete(service)
    const placement = flow.placement(service, host.name)
    const aim = checks.length > 0 && placement ? this.#aim(placement) : undefined
    for (const check of checks) this.#turn(check, aim)
  }

  /** The check that is there already, unless another one is declared by its name now: that takes up what is known. */
  #like(before: readonly Check[], service: string, config: CheckConfig): Check {
    const same = before.find(
      (check) => check.config === config || JSON.stringify(check.config) === JSON.stringify(config),
    )
    if (same) return same
    const { log, clock, probes, missed } = this.#parts
    const check = new Check(service, config, {
      clock,
      log,
      missed,
      probe: (kind) => probes.get(kind),
      looked: (each, look) => {
        this.#parts.looked(each, look)
        for (const tell of this.#listeners) tell()
      },
      record: (each, aim, standing) => this.#record(each, aim, standing),
    })
    const old = before.find(({ name }) => name === check.name)
    if (old?.aim) check.aimAt(old.aim, () => old.standing)
    return check
  }

  async #record({ service, name }: Check, { deployment, commit }: Aim, standing: Standing): Promise<void> {
    const { state, reason = '' } = standing
    const about = { service, deployment, commit: commit.sha, actor: systemActor }
    await this.#parts.journal.record(
      state === 'healthy'
        ? { kind: 'check.healthy', ...about, data: { check: name } }
        : { kind: 'check.unhealthy', ...about, data: { check: name, reason: reason.slice(0, 4000) } },
    )
  }

  #turn(check: Check, aim: Aim | undefined): void {
    const { scheduler } = this.#parts
    check.aimAt(aim, aim && (() => this.#recorded(check, aim)))
    if (aim) scheduler.add(check)
    else scheduler.remove(check)
  }

  /** What is to be looked at: what was applied and is being judged, or else what runs; nothing while that is replaced. */
  #aim({ service, host, hold, deployment, running }: Placement): Aim | undefined {
    if (hold || deployment?.phase === 'applying') return undefined
    const judged = deployment?.phase === 'verifying' ? deployment : undefined
    const runs = judged ?? (running && { ...running, id: running.deployment })
    if (!runs) return undefined
    const applied = this.#applied.get(service)
    const own = applied?.deployment === runs.id ? applied : undefined
    const { clock, host: here } = this.#parts
    const { path = '' } = this.#services.get(service) ?? {}
    const tree = join(here.data, 'checkouts', service, `${runs.id}-${runs.commit.sha}`, path)
    return {
      service,
      host,
      deployment: runs.id,
      commit: runs.commit,
      directory: own?.directory ?? tree,
      since: own?.at ?? (judged ? clock.now() : Date.parse(runs.since)),
    }
  }

  /** What was recorded of a check of that deployment. */
  #recorded({ service, name }: Check, { deployment }: Aim): Standing | undefined {
    const { checks = [] } = this.#parts.flow.placement(service, this.#parts.host.name) ?? {}
    const said = checks.find((each) => each.check === name && each.deployment === deployment)
    if (!said) return undefined
    const { healthy, reason, since } = said
    return { state: healthy ? 'healthy' : 'unhealthy', since: Date.parse(since), ...(!healthy && { reason }) }
  }

  /** Of checks that are declared no more nothing is known. */
  async #forget(): Promise<void> {
    const { flow, host, journal } = this.#parts
    for (const { service, checks = [], running } of flow
      .placements()
      .filter((each) => each.host === host.name)) {
      const names = this.of(service).map(({ name }) => name)
      const gone = checks.filter(
        ({ check, deployment }) => deployment === running?.deployment && !names.includes(check),
      )
      const drafts = gone.map(({ check, deployment }) => ({
        kind: 'check.unknown' as const,
        ...{ service, deployment, commit: running?.commit.sha, actor: systemActor },
        data: { check, reason: 'it is declared no more' },
      }))
      if (drafts.length > 0) await journal.record(...drafts)
    }
  }
}
