import { systemActor, type Actor, type CoreDraft, type Placement, type Trigger } from '../protocol/index.js'
import { retain, type RetentionParts } from '../journal/retention.js'
import type { Config } from '../kernel/config.js'
import { persist } from '../waiting/backoff.js'
import { within } from '../waiting/deadline.js'
import { Changes } from '../drift/changes.js'
import { Lane } from './lane.js'
import type { FlowParts } from './parts.js'
import { takeRequests } from '../requests/requests.js'
import { resume } from './resume.js'
import { servicesOf, type Service } from './service.js'
import { Watcher } from '../admission/watcher.js'

/** Milliseconds that what a config adds or changes waits for the end of what it removes. */
const handOver = 20_000

/** Where what has happened is kept. */
type Past = Pick<RetentionParts, 'storage' | 'snapshots' | 'rewind'>

/** The flow at work: a lane and a watcher per service, the runtimes' changes, the config's. */
export class Works {
  readonly parts: FlowParts
  readonly request: ReturnType<typeof takeRequests>
  readonly #config: Config
  readonly #past: Past
  readonly #lanes = new Map<string, Lane>()
  readonly #watchers = new Map<string, Watcher>()
  readonly #life = new AbortController()
  readonly #lasting: Promise<void>[] = []
  readonly #changes: Changes
  #services = new Map<string, Service>()
  #turn: Promise<void> = Promise.resolve()
  #stopping = false

  constructor(parts: Omit<FlowParts, 'service'>, config: Config, past: Past) {
    this.parts = { ...parts, service: (name) => this.#services.get(name) }
    this.request = takeRequests(this.parts, this.#lanes, this.#watchers)
    this.#config = config
    this.#past = past
    this.#changes = new Changes(this.parts, this.#life.signal, {
      back: (kinds) => this.#findAgain(kinds),
      lost: (service) => void this.#lanes.get(service)?.ask({ trigger: 'lost', actor: systemActor }),
    })
  }

  async start(version: string): Promise<void> {
    const { journal } = this.parts
    const { signal } = this.#life
    this.#keep('telling', () => this.#tell())
    await journal.record({ kind: 'host.started', actor: systemActor, data: { version } })
    await this.#declare()
    const { found, lost } = await resume(this.parts)
    const wanted = this.#here().filter(
      ({ service, declared, running, stuck }) => declared || running || stuck || found.has(service),
    )
    const services = wanted.map(({ service }) => service)
    await this.#openAll(services, (service) => (lost.has(service) ? 'lost' : 'resume'))
    const { config } = this.parts
    const placements = () => journal.placements().values()
    const retention = {
      ...this.parts,
      ...this.#past,
      now: () => journal.now(),
      keep: () => config().retention,
      placements,
    }
    this.#keep('retention', () => retain(retention, signal))
    // One that failed (a full disk) must not fail all that come after it.
    this.#config.changed(
      () => (this.#turn = this.#turn.catch(() => undefined).then(() => this.#reconfigure())),
    )
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const { journal, log } = this.parts
    await journal
      .record({ kind: 'host.stopping', actor: systemActor, data: {} })
      .catch((error: unknown) => log.error({ error }, 'the stop could not be recorded'))
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.close()))
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()))
    this.#life.abort()
    await Promise.all([...this.#lasting, this.#changes.done()])
  }

  #here(): Placement[] {
    return this.parts.journal.here()
  }

  /** Work that lasts as long as the flow does. */
  #keep(what: string, work: () => Promise<void>): void {
    const { clock, log } = this.parts
    const again = (error: unknown, wait: number) =>
      log.error({ error, what, wait }, 'a part of the flow begins again')
    this.#lasting.push(persist(clock, this.#life.signal, work, again))
  }

  async #reconfigure(): Promise<void> {
    const before = this.#services
    await this.#declare()
    const changed = this.#here().filter(
      ({ service }) => JSON.stringify(before.get(service)) !== JSON.stringify(this.#services.get(service)),
    )
    for (const { service } of changed) {
      await this.#watchers.get(service)?.close()
      this.#watchers.delete(service)
    }
    await this.#openAll(
      changed.map(({ service }) => service),
      () => 'config',
    )
  }

  /** Those first that should end: what takes over a port or a name must not meet the one that had it. */
  async #openAll(services: string[], trigger: (service: string) => Trigger): Promise<void> {
    const ending = services.filter((service) => !this.#services.has(service))
    for (const service of ending) this.#open(service, trigger(service))
    const ended = () => Promise.all(ending.map(async (service) => this.#lanes.get(service)?.idle()))
    // One that cannot be ended keeps the others waiting for a while, not for ever.
    await within(handOver, 'the end of what was removed', ended, this.#life.signal).catch(() => undefined)
    for (const service of services) if (this.#services.has(service)) this.#open(service, trigger(service))
  }

  /** Records what the config declares, changes and removes, in one write, and works from it then. */
  async #declare(): Promise<void> {
    const next = servicesOf(this.#config.current())
    const drafts: CoreDraft[] = []
    const here = new Map(this.#here().map((placement) => [placement.service, placement]))
    for (const [service, { source, path, run, digest }] of next) {
      const before = here.get(service)
      const { url, ref } = source
      // Of the run section only its kind: what goes into the environment stays behind.
      const data = { source: { url, ref, path: path || undefined }, run: { kind: run.kind }, digest }
      const about = { service, actor: systemActor }
      if (!before?.declared) drafts.push({ kind: 'service.declared', ...about, data })
      else if (before.digest !== digest) drafts.push({ kind: 'service.changed', ...about, data })
    }
    for (const [service, { declared }] of here) {
      if (!declared || next.has(service)) continue
      drafts.push({ kind: 'service.removed', service, actor: systemActor, data: {} })
    }
    if (drafts.length > 0) await this.parts.journal.record(...drafts)
    this.#services = next
    await this.#changes.follow(this.#here())
  }

  /** An engine is back: what it runs is looked at once more, what is gone is brought back, and what waited goes on. */
  async #findAgain(kinds: string[]): Promise<void> {
    const { lost } = await resume(this.parts, new Set(kinds))
    for (const { service, running, run } of this.#here()) {
      if (!kinds.includes(running?.runtime ?? run.kind)) continue
      const trigger = lost.has(service) ? 'lost' : 'resume'
      this.#lanes.get(service)?.ask({ trigger, actor: systemActor, force: trigger === 'lost' })
    }
  }

  #open(service: string, trigger: Trigger): void {
    if (this.#stopping) return
    const lane = this.#lanes.get(service) ?? new Lane(this.parts, service)
    this.#lanes.set(service, lane)
    lane.ask({ trigger, actor: systemActor, force: trigger === 'lost' })
    const declared = this.#services.get(service)
    if (!declared) return
    const admitted = (actor: Actor) => void lane.ask({ trigger: 'commit', actor })
    this.#watchers.set(service, new Watcher(this.parts, declared, admitted))
  }

  async #tell(): Promise<void> {
    const { journal, hooks } = this.parts
    for await (const events of journal.follow(journal.last(), this.#life.signal)) {
      for (const event of events) await hooks.tell('recorded', event)
    }
  }
}
