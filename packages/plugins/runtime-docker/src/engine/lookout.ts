import { AwayError } from '@longshore/core'
import type { Clock, FoundInstance, Logger, RuntimeChange } from '@longshore/core'
import type { Engine } from '../client.js'
import { instanceOf } from '../container/labels.js'
import { isUp, type ContainerDetails, type ContainerSummary, type EngineEvent } from '../schema.js'
import type { AppliedContainer, AppliedServices, Watcher } from './applied.js'
import { differencesOf } from './differences.js'
import { inspectAll } from './inspect.js'

export interface WatchTools {
  engine: Engine
  clock: Clock
  log: Logger
  host: string
  applied: AppliedServices
}

/** Milliseconds for which what happens to a service is gathered before it is looked at: a restart by hand is no drift. */
const gathering = 200
/** Services that are looked at together. */
const together = 8
/** Signals by which people ask a process for something else than its end: HUP, USR1, USR2, CONT. */
const asking = new Set(['1', '10', '12', '18'])

type End = 'itself' | 'stopped' | 'killed'

/** What one watch knows of the host's containers. */
export class Lookout implements Watcher {
  readonly #tools: WatchTools
  readonly #signal: AbortSignal
  /** Every container of ours that was seen and is not known to be gone, by its id. */
  readonly #seen = new Map<string, { instance: FoundInstance; up: boolean }>()
  /** How those ended that ended while this watched. */
  readonly #ends = new Map<string, End>()
  readonly #starved = new Set<string>()
  /** What was told last of each service that differs. */
  readonly #told = new Map<string, string>()
  readonly #due = new Set<string>()
  #alarm = bell()
  #waits = false
  #first = true

  constructor(tools: WatchTools, signal: AbortSignal) {
    this.#tools = tools
    this.#signal = signal
  }

  /** Whoever applies looks by himself: all that was told before is known by that. */
  looking(service: string): void {
    if (!this.#told.has(service)) this.#due.delete(service)
  }

  ended(service: string, kept: boolean): void {
    if (kept) this.#forgetReplaced(service)
    if (!kept || this.#due.has(service) || this.#told.has(service)) this.#soon(service)
  }

  #forgetReplaced(service: string): void {
    const is = this.#tools.applied.of(service) ?? []
    for (const [id, { instance, up }] of this.#seen)
      if (instance.service === service && !up && !is.some((each) => each.id === id)) this.#forget(id)
  }

  #forget(id: string): void {
    for (const known of [this.#seen, this.#ends, this.#starved]) known.delete(id)
  }

  /** The service is looked at in a moment. */
  #soon(service: string): void {
    this.#due.add(service)
    if (this.#waits) return
    this.#waits = true
    const ring = () => {
      this.#waits = false
      this.#alarm.ring()
    }
    this.#tools.clock.sleep(gathering, this.#signal).then(ring, ring)
  }

  /** All that differs from what was known; the first time, what differs from what was applied is told of every service. */
  async *compare(containers: ContainerSummary[]): AsyncGenerator<RuntimeChange, void> {
    const there = new Map(containers.map((each) => [each.Id, each]))
    const adopted = this.#first
    for (const container of containers) {
      const instance = this.#ours(container.Id, container.Labels)
      if (!instance) continue
      this.#due.add(instance.service)
      if (!isUp(container)) {
        this.#seen.set(container.Id, this.#seen.get(container.Id) ?? { instance, up: false })
        continue
      }
      // How it ended while nobody watched is over.
      this.#revived(container.Id)
      if (!this.#seen.get(container.Id)?.up) yield this.#started(instance, adopted)
    }
    for (const [id, { instance, up }] of this.#seen) {
      this.#due.add(instance.service)
      const now = there.get(id)
      if (up && now && !isUp(now)) yield* this.#exited(instance)
    }
    for (const service of this.#tools.applied.services()) this.#due.add(service)
    yield* this.#look()
    this.#first = false
  }

  /** Until the events end. */
  async *follow(events: AsyncGenerator<EngineEvent, void>): AsyncGenerator<RuntimeChange, void> {
    const ask = () => {
      const asked = events.next()
      // When this ends for another reason nobody waits for it any more.
      asked.catch(() => undefined)
      return asked
    }
    for (let next = ask(); ;) {
      const event = await Promise.race([next, this.#alarm.rung])
      if (!event) yield* this.#look()
      else if (event.done) return
      else {
        next = ask()
        yield* this.#take(event.value)
      }
    }
  }

  async *#look(): AsyncGenerator<RuntimeChange, void> {
    this.#alarm = bell()
    // The others are looked at when what is done to them has ended.
    const services = [...this.#due].filter((service) => this.#tools.applied.rest(service) !== undefined)
    for (const service of services) this.#due.delete(service)
    for (let at = 0; at < services.length; at += together) {
      const some = services.slice(at, at + together).map((service) => this.#examine(service))
      for (const changes of await Promise.all(some)) yield* changes
    }
  }

  async *#take({
    Type,
    Action,
    Actor: { ID, Attributes },
  }: EngineEvent): AsyncGenerator<RuntimeChange, void> {
    if (Type === 'network') {
      const known = this.#seen.get(Attributes['container'] ?? '')
      return known && this.#soon(known.instance.service)
    }
    const instance = this.#ours(ID, Attributes)
    if (!instance) return
    this.#soon(instance.service)
    if (Action === 'kill') this.#killed(ID, Attributes['signal'] ?? '')
    if (Action === 'stop' && this.#ends.get(ID) !== 'killed') this.#ends.set(ID, 'stopped')
    if (Action === 'oom') this.#starved.add(ID)
    if (Action === 'start' && !this.#seen.get(ID)?.up) yield this.#started(instance, false)
    if (Action !== 'die') return
    if (!this.#ends.has(ID)) this.#ends.set(ID, 'itself')
    if (this.#seen.get(ID)?.up) yield* this.#exited(instance, Number(Attributes['exitCode']))
  }

  /** One look at a service that rests: how it differs from what was applied, and what of it is gone. */
  async #examine(service: string): Promise<RuntimeChange[]> {
    const { engine, host, applied, log } = this.#tools
    const rest = applied.rest(service)
    const again = () => {
      this.#soon(service)
      return []
    }
    if (rest === undefined) return again()
    let all: ContainerDetails[]
    try {
      all = await inspectAll(engine, { service, host }, this.#signal)
    } catch (error) {
      if (error instanceof AwayError || this.#signal.aborted) throw error
      log.warn({ error, service }, 'the containers of a service cannot be looked at')
      return []
    }
    if (applied.rest(service) !== rest) return again()
    if (applied.isTorn(service)) return []
    const was = await this.#endings(service, applied.of(service), all)
    const differences = differencesOf(was ?? [], was ? all : [])
    const told = JSON.stringify(differences)
    const changes: RuntimeChange[] = []
    if (this.#first || told !== (this.#told.get(service) ?? '[]'))
      changes.push({ kind: 'drifted', service, host, differences })
    if (differences.length > 0) this.#told.set(service, told)
    else this.#told.delete(service)
    return [...changes, ...this.#gone(service, was ?? [], all)]
  }

  /** What is not there any more, and nobody of ours has removed. */
  #gone(service: string, was: readonly AppliedContainer[], all: ContainerDetails[]): RuntimeChange[] {
    const changes: RuntimeChange[] = []
    for (const [id, { instance, up }] of this.#seen) {
      if (instance.service !== service || all.some(({ Id }) => Id === id)) continue
      this.#forget(id)
      if (up || was.some((each) => each.id === id))
        changes.push({ ...instance, kind: 'lost', reason: 'its container was removed' })
    }
    return changes
  }

  /** What was applied, with what is known now of how some of it ended. */
  async #endings(
    service: string,
    was: readonly AppliedContainer[] | undefined,
    all: ContainerDetails[],
  ): Promise<readonly AppliedContainer[] | undefined> {
    let changed = false
    const now = was?.map((each) => {
      const is = all.find(({ Id }) => Id === each.id)
      const next = is ? endingOf(each, is, this.#ends.get(is.Id)) : each
      changed ||= next !== each
      return next
    })
    if (now && changed) await this.#tools.applied.ended(service, now)
    return now
  }

  #ours(id: string, labels: ContainerSummary['Labels']): FoundInstance | undefined {
    const instance = instanceOf(id, labels)
    return instance?.host === this.#tools.host ? instance : undefined
  }

  /** A stop begins with another signal than KILL. */
  #killed(id: string, signal: string): void {
    if (signal !== '9') return asking.has(signal) ? undefined : void this.#ends.set(id, 'stopped')
    this.#ends.set(id, this.#ends.get(id) ?? 'killed')
  }

  #started(instance: FoundInstance, adopted: boolean): RuntimeChange {
    const id = instance.instance
    this.#seen.set(id, { instance, up: true })
    this.#revived(id)
    return { ...instance, kind: 'started', ...(adopted && { adopted }) }
  }

  #revived(id: string): void {
    this.#ends.delete(id)
    this.#starved.delete(id)
  }

  async *#exited(instance: FoundInstance, code?: number): AsyncGenerator<RuntimeChange, void> {
    const id = instance.instance
    this.#seen.set(id, { instance, up: false })
    const state = await this.#tools.engine.inspect(id).then(
      ({ State }) => State,
      () => undefined,
    )
    const exitCode = code ?? state?.ExitCode ?? null
    const starved = this.#starved.has(id) || (state?.OOMKilled && !state.Running)
    yield {
      ...instance,
      kind: 'exited',
      exitCode,
      signal: null,
      ...(starved && { reason: 'it used more memory than it may' }),
      // The engine starts it again by the container's restart policy, after a pause of its own.
      ...(state?.Restarting && { restartIn: 0 }),
    }
  }
}

function endingOf(was: AppliedContainer, is: ContainerDetails, end: End | undefined): AppliedContainer {
  const { State, HostConfig } = is
  if (State.Running || State.Restarting) return was.by ? { ...was, by: undefined } : was
  if (end === 'stopped' || end === 'killed') return was.by === end ? was : { ...was, by: end }
  // By its restart policy it need not run again.
  const finished = /^(|no|on-failure)$/.test(HostConfig.RestartPolicy?.Name ?? '') && State.ExitCode === 0
  return end === 'itself' && finished && !was.done ? { ...was, done: true } : was
}

function bell(): { rung: Promise<undefined>; ring(): void } {
  let ring!: () => void
  const rung = new Promise<undefined>((resolve) => (ring = () => resolve(undefined)))
  return { rung, ring }
}
