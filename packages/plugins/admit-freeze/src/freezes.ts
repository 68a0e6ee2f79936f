import { newId, serviceUnknown } from '@longshore/core'
import type { Clock, Config, Flow, HostInfo, Journal, Logger, Storage } from '@longshore/core'
import { parseEnd, type Actor } from '@longshore/core/protocol'
import { freezesFull, freezeUnknown, freezeUntil, labelUnknown } from './errors.js'
import { freezeSlice, inForce, type Freeze } from './protocol.js'

/** What freezes are made of and kept with. */
export interface FreezeParts {
  clock: Clock
  config: Config
  flow: Flow
  host: HostInfo
  journal: Journal
  log: Logger
  storage: Storage
}

/** What somebody wants frozen; `until` is a time or a span from now on. */
export interface FreezeWish {
  service?: string | undefined
  label?: string | undefined
  why: string
  until?: string | undefined
}

/** Freezes in force at the same time: each is looked at whenever a commit comes. */
const most = 100

/** The freezes of this host. */
export class Freezes {
  readonly #parts: FreezeParts

  constructor(parts: FreezeParts) {
    this.#parts = parts
  }

  /** Those in force, the oldest first. */
  async list(): Promise<Freeze[]> {
    const { storage, host, clock } = this.#parts
    return inForce((await storage.get<Freeze[]>(freezeSlice.name, host.name)) ?? [], clock.now())
  }

  /** The one of those over the service that lasts longest; undefined when there is none. */
  async over(service: string): Promise<Freeze | undefined> {
    const ends = ({ until }: Freeze) => (until === undefined ? Infinity : Date.parse(until))
    const over = (await this.list()).filter((freeze) => this.#covers(freeze, service))
    return over.sort((a, b) => ends(b) - ends(a))[0]
  }

  async place({ service, label, why, until }: FreezeWish, actor: Actor) {
    const { flow, host, journal, clock, config } = this.#parts
    if (service !== undefined && !flow.placement(service, host.name)?.declared) throw serviceUnknown(service)
    const services = Object.values(config.current().services)
    if (label !== undefined && !services.some(({ labels }) => bears(labels, label))) throw labelUnknown(label)
    if ((await this.list()).length >= most) throw freezesFull(most)
    const end = until === undefined ? undefined : endOf(until, clock.now())
    const id = newId(clock.now())
    const data = { id, label, until: end }
    const [event] = await journal.record({ kind: 'freeze.placed', service, actor, why, data })
    return { seq: event!.seq, freeze: id }
  }

  /** Only one that is theirs who ask: another is as if it were not there. */
  async lift(id: string, actor: Actor, isTheirs: (freeze: Freeze) => boolean) {
    const freeze = (await this.list()).find((each) => each.id === id && isTheirs(each))
    if (!freeze) throw freezeUnknown(id)
    const { service } = freeze
    const [event] = await this.#parts.journal.record({ kind: 'freeze.lifted', service, actor, data: { id } })
    await this.thaw(actor)
    return { seq: event!.seq }
  }

  /** Has what waits because of a freeze judged again. */
  async thaw(actor: Actor): Promise<void> {
    const { flow, host, log } = this.#parts
    const waiting = flow
      .placements()
      .filter((each) => each.host === host.name && each.waiting?.code === 'SERVICE_FROZEN')
    for (const { service } of waiting) {
      await flow
        .request({ kind: 'reconsider', service, actor })
        .catch((error: unknown) =>
          log.warn({ error, service }, 'what a freeze let wait was not judged again'),
        )
    }
  }

  #covers({ service, label }: Freeze, name: string): boolean {
    if (service !== undefined) return service === name
    return label === undefined || bears(this.#parts.config.current().services[name]?.labels ?? {}, label)
  }
}

function bears(labels: Record<string, string>, label: string): boolean {
  const at = label.indexOf('=')
  return labels[label.slice(0, at)] === label.slice(at + 1)
}

/** RFC 3339. */
function endOf(until: string, now: number): string {
  const end = parseEnd(until, now)
  if (end === undefined) throw freezeUntil(until)
  return new Date(end).toISOString()
}
