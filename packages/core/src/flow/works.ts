import type { RuntimeChange } from '../contracts/runtime.js'
import type { Storage } from '../contracts/storage.js'
import { systemActor, type CoreDraft, type Placement, type Trigger } from '../protocol/index.js'
import type { Config } from '../kernel/config.js'
import { describeError, UnavailableError } from '../kernel/errors.js'
import { persist } from './backoff.js'
import { Lane } from './lane.js'
import type { FlowParts } from './parts.js'
import { Requests } from './requests.js'
import { resume } from './resume.js'
import { servicesOf, type Service } from './service.js'
import { Watcher } from './watcher.js'

/** Milliseconds between two looks for events that are past their time. */
const pruneEvery = 3_600_000

/** The flow at work: a lane and a watcher per service, the runtimes' changes, the config's. */
export class Works {
  readonly requests: Requests
  readonly #parts: FlowParts
  readonly #config: Config
  readonly #storage: Storage
  readonly #lanes = new Map<string, Lane>()
  readonly #watchers = new Map<string, Watcher>()
  readonly #life = new AbortController()
  readonly #running: Promise<unknown>[] = []
  #services: Map<string, Service> = new Map()
  #turn: Promise<void> = Promise.resolve()

  constructor(parts: FlowParts, config: Config, storage: Storage) {
    this.#parts = parts
    this.#config = config
    this.#storage = storage
    this.requests = new Requests(parts, this.#lanes, () => this.#services)
  }

  async start(version: string): Promise<void> {
    const { journal, runtimes } = this.#parts
    this.#keep('telling', () => this.#tell())
    await journal.record({ kind: 'host.started', actor: systemActor, data: { version } })
    for (const [kind, runtime] of runtimes)
      this.#keep(kind, () => this.#changes(runtime.watch(this.#life.signal)))
    const next = servicesOf(this.#config.current())
    await this.#declare(next)
    const { found, lost } = await resume(this.#parts)
    this.#services = next
    for (const { service, declared, running, stuck } of this.#here()) {
      if (declared || running || stuck || found.has(service)) {
        this.#open(service, next.get(service), lost.has(service) ? 'lost' : 'resume')
      }
    }
    this.#keep('retention', () => this.#prune())
    this.#config.changed(() => this.#follow())
  }

  async stop(): Promise<void> {
    const { journal, log } = this.#parts
    await journal
      .record({ kind: 'host.stopping', actor: systemActor, data: {} })
      .catch((error: unknown) => log.error({ error }, 'the stop could not be recorded'))
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.close()))
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()))
    this.#life.abort()
    await Promise.all(this.#running)
  }

  #here(): Placement[] {
    return [...this.#parts.journal.placements().values()].filter(({ host }) => host === this.#parts.host)
  }

  /** Work that lasts as long as the flow does. */
  #keep(what: string, work: () => Promise<void>): void {
    const { clock, log } = this.#parts
    const again = (error: unknown, wait: number) =>
      log.error({ error, what, wait }, 'a part of the flow begins again')
    this.#running.push(persist(clock, this.#life.signal, work, again))
  }

  /** Takes a new config up: one at a time, in order. */
  #follow(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      const next = servicesOf(this.#config.current())
      const before = this.#services
      await this.#declare(next)
      this.#services = next
      for (const placement of this.#here()) {
        const { service } = placement
        if (JSON.stringify(before.get(service)) === JSON.stringify(next.get(service))) continue
        await this.#watchers.get(service)?.close()
        this.#watchers.delete(service)
        this.#open(service, next.get(service), 'config')
      }
    })
    return this.#turn
  }

  /** Records what the config declares, changes and removes, in one write. */
  async #declare(next: ReadonlyMap<string, Service>): Promise<void> {
    const drafts: CoreDraft[] = []
    const known = new Map(this.#here().map((placement) => [placement.service, placement]))
    for (const [service, { source, path, run, digest }] of next) {
      const before = known.get(service)
      const data = {
        source: { url: source.url, ref: source.ref, path: path || undefined },
        run: publicRun(run),
        digest,
      }
      if (!before?.declared) drafts.push({ kind: 'service.declared', service, actor: systemActor, data })
      else if (before.digest !== digest) {
        drafts.push({
          kind: 'service.changed',
          service,
          actor: systemActor,
          data: { ...data, changed: differences(before, data) },
        })
      }
    }
    for (const [service, { declared }] of known) {
      if (declared && !next.has(service))
        drafts.push({ kind: 'service.removed', service, actor: systemActor, data: {} })
    }
    if (drafts.length > 0) await this.#parts.journal.record(...drafts)
  }

  #open(service: string, declared: Service | undefined, trigger: Trigger): void {
    const lane = this.#lanes.get(service) ?? new Lane(this.#parts, service)
    this.#lanes.set(service, lane)
    lane.declare(declared)
    lane.ask({ trigger, actor: systemActor, force: trigger === 'lost' })
    if (!declared) return
    const admitted = () => lane.ask({ trigger: 'commit', actor: { kind: 'poll' } })
    this.#watchers.set(service, new Watcher(this.#parts, declared, admitted))
  }

  async #changes(changes: AsyncIterable<RuntimeChange>): Promise<void> {
    for await (const change of changes) {
      const { service, deployment, kind, host: _host, ...data } = change
      const draft = { kind: `instance.${kind}`, service, deployment, actor: systemActor, data } as CoreDraft
      const { clock, log, journal } = this.#parts
      // The journal may be away for a while (a full disk): what happened to an instance is told when it is back.
      await persist(
        clock,
        this.#life.signal,
        async () => void (await journal.record(draft)),
        (error) =>
          log.error(
            { error: describeError(error), service },
            'an instance changed, which could not be recorded yet',
          ),
      )
    }
    if (!this.#life.signal.aborted)
      throw new UnavailableError('RUNTIME_WATCH_ENDED', 'a runtime stopped telling of its changes')
  }

  async #tell(): Promise<void> {
    const { journal, hooks } = this.#parts
    for await (const events of journal.follow(journal.last(), this.#life.signal)) {
      for (const event of events) await hooks.tell('recorded', event)
    }
  }

  async #prune(): Promise<void> {
    const { clock, log } = this.#parts
    while (!this.#life.signal.aborted) {
      const keep = this.#config.current().retention.events
      const removed = keep === undefined ? 0 : await this.#storage.prune(clock.now() - keep)
      if (removed > 0) log.info({ removed }, 'events past their retention were removed')
      await clock.sleep(pruneEvery, this.#life.signal).catch(() => undefined)
    }
  }
}

/** The run section as people may see it: what goes into the environment stays behind. */
function publicRun({ kind }: Service['run']): { kind: string } {
  return { kind }
}

function differences({ source, run }: Placement, next: Pick<Placement, 'source' | 'run'>): string[] {
  const changed = (['url', 'ref', 'path'] as const).filter((key) => source[key] !== next.source[key])
  const runs = run.kind === next.run.kind ? [] : ['run.kind']
  return changed.length + runs.length > 0 ? [...changed.map((key) => `source.${key}`), ...runs] : ['run']
}
