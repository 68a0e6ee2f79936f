import type { Clock, Flow, Journal } from '@longshore/core'
import { isKind } from '@longshore/core/protocol'

/** Instances that are remembered. */
const remembered = 10_000
/** Milliseconds. */
const pause = 5_000

/** What is known of an instance beside its id. */
export interface Known {
  deployment: string
  name?: string
}

/** Tells of which deployment an instance is, and its name: what runs by the placements, what is gone by the journal. */
export class Instances {
  readonly #flow: Flow
  readonly #journal: Journal
  readonly #host: string
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()
  /** When the journal was asked in vain. */
  readonly #asked = new Map<string, number>()

  constructor(flow: Flow, journal: Journal, host: string, clock: Clock) {
    this.#flow = flow
    this.#journal = journal
    this.#host = host
    this.#clock = clock
  }

  async of(service: string, instance: string): Promise<Known | undefined> {
    const key = `${service}/${instance}`
    const known =
      this.#known.get(key) ?? this.#placed(service, instance) ?? (await this.#read(key, service, instance))
    if (known === undefined) return undefined
    this.#known.delete(key)
    this.#known.set(key, known)
    if (this.#known.size > remembered) this.#known.delete(this.#known.keys().next().value!)
    return known
  }

  /** The instances that a deployment had, as far as the journal remembers. */
  async ofDeployment(service: string, deployment: string): Promise<string[]> {
    const query = { service, host: this.#host, kind: 'instance.started', deployment, limit: 1_000 }
    const { events } = await this.#journal.read(query)
    return [
      ...new Set(events.flatMap((event) => (isKind(event, 'instance.started') ? [event.data.instance] : []))),
    ]
  }

  #placed(service: string, instance: string): Known | undefined {
    const placement = this.#flow.placement(service, this.#host)
    const { deployment, name } = placement?.instances.find(({ id }) => id === instance) ?? {}
    return deployment === undefined ? undefined : { deployment, name }
  }

  /** Asked again at most every few seconds: lines may come before the journal tells of their instance, or it never does. */
  async #read(key: string, service: string, instance: string): Promise<Known | undefined> {
    if (this.#asked.get(key)! > this.#clock.monotonic() - pause) return undefined
    if (this.#asked.size > remembered) this.#asked.clear()
    this.#asked.set(key, this.#clock.monotonic())
    const query = { service, host: this.#host, kind: 'instance.started', search: instance, limit: 1 }
    const { events } = await this.#journal.read(query).catch(() => ({ events: [] }))
    const [event] = events
    return event?.deployment !== undefined && isKind(event, 'instance.started')
      ? { deployment: event.deployment, name: event.data.name }
      : undefined
  }
}
