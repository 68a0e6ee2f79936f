import {
  Actor,
  Page,
  parseDuration,
  ServiceName,
  shape,
  slice,
  Timestamp,
  type Event,
  type ProtocolPart,
} from '@longshore/core/protocol'
import { z } from 'zod'

const FreezeId = z.string().regex(/^[0-9a-z]{16}$/, { error: 'the id of a freeze is 16 of 0-9 and a-z' })
/** A label as people write it: `tier=edge`. */
const Label = z
  .string()
  .regex(/^[\w./-]{1,63}=[\w./-]{0,63}$/, { error: 'a label is its name and its value, such as tier=edge' })
const why = z.string().trim().min(1).max(2000)
const until = z
  .string()
  .max(40)
  .refine((text) => parseDuration(text) !== undefined || !Number.isNaN(timeOf(text)), {
    error: 'a time is RFC 3339, such as 2030-01-31T09:00:00Z, or a span from now on, such as 2h',
  })

/** What keeps new commits out: of one service, of all that bear a label, or, with neither, of the whole host. */
export const Freeze = z
  .strictObject({
    id: FreezeId,
    service: ServiceName.optional(),
    label: Label.optional(),
    by: Actor,
    since: Timestamp,
    why: z.string(),
    /** When it is over by itself. */
    until: Timestamp.optional(),
  })
  .meta({ id: 'Freeze' })
export type Freeze = z.infer<typeof Freeze>

/** Milliseconds of a time that is written out; NaN for anything else. */
export function timeOf(text: string): number {
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN
}

/** The freezes that are not over at the time. */
export function inForce(freezes: readonly Freeze[], time: number): Freeze[] {
  return freezes.filter((each) => each.until === undefined || Date.parse(each.until) > time)
}

const placed = z.strictObject({ id: FreezeId, label: Label.optional(), until: Timestamp.optional() })
const lifted = z.strictObject({ id: FreezeId })

/** One document per host: its freezes. Those that are over go with the next event. */
export const freezeSlice = slice<Freeze[]>({
  name: 'freeze',
  key: ({ kind, host }) => (kind === 'freeze.placed' || kind === 'freeze.lifted' ? host : undefined),
  reduce(state = [], event) {
    const { id } = event.data as z.infer<typeof lifted>
    const others = inForce(state, Date.parse(event.time)).filter((each) => each.id !== id)
    return event.kind === 'freeze.placed' ? [...others, freezeOf(event)] : others
  },
  shown: (state, _key, sees) =>
    state.every(({ service }) => sees(service)) ? state : state.filter(({ service }) => sees(service)),
})

function freezeOf({ service, actor: by, time: since, why = '', data }: Event): Freeze {
  const { id, label, until } = data as z.infer<typeof placed>
  return { id, service, label, by, since, why, until }
}

/** A freeze of one service names it, as every event does that is about one. */
export const freezeProtocol: ProtocolPart = {
  events: { 'freeze.placed': placed, 'freeze.lifted': lifted },
  slices: [freezeSlice],
}

export const freezeRoutes = {
  list: shape({
    method: 'GET',
    path: '/freezes',
    summary: 'What is frozen on this host, by whom and why; the oldest first',
    right: 'services:read',
    scoped: true,
    response: Page(Freeze),
  }),
  place: shape({
    method: 'POST',
    path: '/freezes',
    summary: 'Let new commits wait: of a service, of what bears a label, or of the whole host',
    right: 'services:stop',
    scoped: true,
    body: z
      .strictObject({
        service: ServiceName.optional(),
        label: Label.optional(),
        why,
        until: until.optional(),
      })
      .refine(({ service, label }) => service === undefined || label === undefined, {
        error: 'a freeze is of a service or of a label, not of both',
        path: ['label'],
      }),
    response: z.strictObject({ seq: z.int(), freeze: FreezeId }),
    status: 202,
  }),
  lift: shape({
    method: 'DELETE',
    path: '/freezes/:freeze',
    summary: 'End a freeze: what waited is judged again',
    right: 'services:stop',
    scoped: true,
    params: z.strictObject({ freeze: FreezeId }),
    response: z.strictObject({ seq: z.int() }),
    status: 202,
  }),
} as const
