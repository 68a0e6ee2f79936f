import type { z } from 'zod'
import type { TopicFrame, TopicShape } from '../protocol/index.js'

/**
 * Answers who may watch, or throws a coded error. Frames are asked for one by one, each when the client has granted it: that
 * is the back-pressure. What nobody asks for is lost or kept as the topic sees fit, and what is lost is counted. Ends when
 * the signal aborts.
 */
export type TopicWatch<S extends TopicShape> = (
  query: z.output<S['query']>,
  signal: AbortSignal,
) => Promise<AsyncIterable<TopicFrame>>

/** A topic and who answers it. */
export interface Topic {
  plugin: string
  shape: TopicShape
  watch: TopicWatch<TopicShape<any>>
}
