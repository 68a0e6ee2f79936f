import { z } from 'zod'
import type { Event } from './event.js'
import { DeploymentId, ServiceName } from './names.js'
import type { Problem } from './problem.js'
import type { Right } from './rest.js'
import { Sample } from './sample.js'
import type { State } from './slice.js'

/** One topic that a client can watch, as clients see it. Who answers it is its server's business. */
export interface TopicShape<Q extends z.ZodType = z.ZodType> {
  name: string
  summary: string
  right: Right
  /** What `watch` names besides the topic. */
  query: Q
}

export function topic<Q extends z.ZodType>(shape: TopicShape<Q>): TopicShape<Q> {
  return shape
}

/** Who printed a piece of text. */
export const Origin = z.strictObject({ instance: z.string(), stream: z.enum(['stdout', 'stderr', 'note']) })
export type Origin = z.infer<typeof Origin>

/**
 * A piece of a frame's text: its length in UTF-16 code units, the index of its origin, and the milliseconds since the
 * epoch of its first line; the others came less than 100 ms later.
 */
export const Piece = z.tuple([z.int().positive(), z.int().nonnegative(), z.number()])
export type Piece = z.infer<typeof Piece>

/** Lines as text. */
export const TextFrame = z.strictObject({
  /** Each line with the newline that ends it. A line that is too long for one record goes on in the next piece of its origin. */
  text: z.string(),
  /** How many lines end in it. */
  lines: z.int().nonnegative(),
  origins: z.array(Origin),
  /** Together as long as the text. */
  pieces: z.array(Piece),
  /** Lines that were lost before these. Never silent. */
  skipped: z.int().nonnegative(),
})
export type TextFrame = z.infer<typeof TextFrame>

/** What every instance uses, at one time. */
export const SampleFrame = z.strictObject({ samples: z.array(Sample), skipped: z.int().nonnegative() })
export type SampleFrame = z.infer<typeof SampleFrame>

export type TopicFrame = TextFrame | SampleFrame

const stream = z.string().regex(/^\d{1,9}$/, { error: 'a stream is what the answer to watch named' })
/** Where a frame belongs: its stream, and its number in it, from 1 on, without a gap. */
const place = { stream, seq: z.int().positive() }

/** What the server sends under `frame`: one for each that the client has granted. */
export const Frame = z.union([TextFrame.extend(place), SampleFrame.extend(place)])
export type Frame = z.infer<typeof Frame>

/** What a client sends under `watch`: the topic, and what its query names. */
export const Watch = z.looseObject({ topic: z.string() })

/** What a client sends under `credit`: it takes so many frames more of that stream. */
export const Credit = z.strictObject({ stream, frames: z.int().min(1).max(1_000) })
export type Credit = z.infer<typeof Credit>

/** What a client sends under `unwatch`. */
export const Unwatch = z.strictObject({ stream })
export type Unwatch = z.infer<typeof Unwatch>

/** The answer to `watch`. */
export type Watching = { stream: string } | { problem: Problem }

/** What a client gives as `auth` when it connects to the namespace `/live`. */
export const LiveAuth = z.strictObject({
  /** Counts as a bearer token: a browser cannot send headers with a websocket. */
  token: z.string().max(300).optional(),
  /** The seq of the last event that it saw, to be told what came after. Without it: the state. */
  since: z.int().nonnegative().optional(),
  /** The id of that event: where this journal has another one in its place, it is not the one that the client saw. */
  id: z.string().min(1).max(100).optional(),
  /** False: it only watches, and is told neither state nor events. */
  events: z.boolean().optional(),
})
export type LiveAuth = z.infer<typeof LiveAuth>

/**
 * Where a client begins: the state after exactly the events up to `seq`, or those events after the client's `since`, the last of
 * which is `seq`. `id` is that of the event at `seq`, where there is one. It may come again, with a state, when what the client
 * has not read yet is not kept any more: then everything begins anew there.
 */
export type Hello = { seq: number; id?: string } & ({ state: State } | { events: Event[] })

/** What has happened since: each event once, in order. */
export interface EventsTold {
  events: Event[]
}

/** What the namespace `/live` takes from a client. */
export interface LiveRequests {
  watch(watch: z.input<typeof Watch>, answer: (watching: Watching) => void): void
  credit(credit: Credit): void
  unwatch(unwatch: Unwatch): void
}

/**
 * What the namespace `/live` tells a client. `ended`: nothing more comes of that stream, by a fault when there is a problem;
 * without a stream nothing more comes at all, and the connection is closed next.
 */
export interface LiveTellings {
  hello(hello: Hello): void
  events(told: EventsTold): void
  frame(frame: Frame): void
  ended(ended: { stream?: string; problem?: Problem }): void
}

/** Of what is there already, only the last so many lines. */
const tail = z.int().min(0).max(1_000)

/** What can be watched of the core's own. */
export const coreTopics = {
  logs: topic({
    name: 'logs',
    summary: 'What the instances of a service print: the last lines, then what comes',
    right: 'services:read',
    query: z.strictObject({
      service: ServiceName,
      instance: z.string().min(1).max(200).optional(),
      tail: tail.default(100),
    }),
  }),
  stats: topic({
    name: 'stats',
    summary: 'What each instance of a service uses, every second',
    right: 'services:read',
    query: z.strictObject({ service: ServiceName, instance: z.string().min(1).max(200).optional() }),
  }),
  output: topic({
    name: 'output',
    summary: 'What a deployment prints, from its beginning or the last lines on, until it settles',
    right: 'services:read',
    query: z.strictObject({ deployment: DeploymentId, tail: tail.optional() }),
  }),
} as const
