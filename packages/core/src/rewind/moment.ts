import { coreProtocol, type Event, type HostState, type Placement } from '../protocol/index.js'

/** The state of every placement and host after the event of one seq: nothing in it is of another time. Never changes. */
export interface Moment {
  seq: number
  placements: ReadonlyMap<string, Placement>
  hosts: ReadonlyMap<string, HostState>
}

const [placementSlice, , hostSlice] = coreProtocol.slices

/** The slices that a moment holds, and where. */
const held = [
  { slice: placementSlice, where: 'placements' },
  { slice: hostSlice, where: 'hosts' },
] as const

/** A moment in the making: events are added in order, by the reducers that made the documents when they happened. */
export class Replay {
  seq: number
  readonly placements: Map<string, Placement>
  readonly hosts: Map<string, HostState>

  constructor({ seq, placements, hosts }: Moment) {
    this.seq = seq
    this.placements = new Map(placements)
    this.hosts = new Map(hosts)
  }

  add(event: Event): void {
    for (const { slice, where } of held) {
      const key = slice.key(event)
      if (key === undefined) continue
      const documents = this[where] as Map<string, unknown>
      const after = slice.reduce(documents.get(key) as never, event)
      if (after === undefined) documents.delete(key)
      else documents.set(key, after)
    }
    this.seq = event.seq
  }
}
