import type { ApplyContext, Plan } from '@longshore/core'
import type { Preview } from '@longshore/core/protocol'
import type { Engine } from '../client.js'
import type { ImageDetails } from '../schema.js'

/** An image that is on the engine. */
export interface FoundImage {
  id: string
  /** All names with a tag that it has. */
  tags: string[]
  /** It has a health check. */
  probed: boolean
  /** What the declaration calls it. */
  declared: string
  /** By what a later deployment finds the same one: `name@sha256:…`, or its id. */
  used: string
  /** The name by which it was pulled just now, where it was not here before. */
  pulled?: string | undefined
}

/** The image that would be used: its id, where it is here already, and what would have to be done to have it. */
export interface ForeseenImage {
  id?: string | undefined
  change?: Preview['changes'][number] | undefined
}

/** Where one kind of service gets its image. `used`: that of the deployment which this one repeats. */
export interface ImageSource<Run> {
  bring(engine: Engine, plan: Plan<Run>, used: string | undefined, context: ApplyContext): Promise<FoundImage>
  /** Touches nothing. Errors: those of `bring` that can be told before. */
  foresee(engine: Engine, plan: Plan<Run>, used: string | undefined): Promise<ForeseenImage>
}

/** `used`: by what a later deployment finds it. */
export function foundAs({ Id, RepoTags, Config }: ImageDetails, declared: string, used: string): FoundImage {
  const [how = 'NONE'] = Config?.Healthcheck?.Test ?? []
  const probed = how !== 'NONE'
  return { id: Id, tags: RepoTags, probed, declared, used }
}
