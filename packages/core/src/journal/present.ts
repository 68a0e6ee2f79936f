import { RefusedError } from '../kernel/errors.js'
import type { HostState, Placement } from '../protocol/index.js'
import type { Moment } from '../rewind/moment.js'

type Held = 'placement' | 'host'

/** The documents that are held in memory whole, as they are on disk: those of placements and of hosts. */
export class Present {
  readonly #placement = new Map<string, Placement>()
  readonly #host = new Map<string, HostState>()
  #moment: Moment | undefined

  get placements(): ReadonlyMap<string, Placement> {
    return this.#placement
  }

  /** Begins anew with what is on disk. */
  load(placements: { key: string; value: Placement }[], hosts: { key: string; value: HostState }[]): void {
    this.#placement.clear()
    this.#host.clear()
    this.#moment = undefined
    for (const { key, value } of placements) this.#placement.set(key, value)
    for (const { key, value } of hosts) this.#host.set(key, value)
  }

  holds(slice: string): slice is Held {
    return slice === 'placement' || slice === 'host'
  }

  get(slice: Held, key: string): Placement | HostState | undefined {
    return this.#of(slice).get(key)
  }

  all(slice: Held): Record<string, Placement | HostState> {
    return Object.fromEntries<Placement | HostState>(this.#of(slice))
  }

  put(slice: Held, key: string, value: unknown): void {
    this.#moment = undefined
    if (value === undefined) this.#of(slice).delete(key)
    else this.#of(slice).set(key, value as never)
  }

  /** All of it as it is now, after the event of that seq: the same maps as long as no document changes. */
  moment(seq: number): Moment {
    if (this.#moment?.seq === seq) return this.#moment
    const { placements, hosts } = this.#moment ?? {
      placements: new Map(this.#placement),
      hosts: new Map(this.#host),
    }
    return (this.#moment = { seq, placements, hosts })
  }

  #of(slice: Held): Map<string, Placement> | Map<string, HostState> {
    return slice === 'placement' ? this.#placement : this.#host
  }
}

/** Holds belong to a placement, so to a host's name: under another one, what was stopped would run again. */
export function refuseRenamed(host: string, known: ReadonlySet<string>): void {
  if (known.size === 0 || known.has(host)) return
  const before = [...known].join(' and ')
  throw new RefusedError(
    'HOST_RENAMED',
    `the data folder is that of the host ${before}, and this is ${host}`,
    {
      hint: `Set host: ${before} in the config, so that holds and history stay; or choose another data folder to begin anew.`,
    },
  )
}
