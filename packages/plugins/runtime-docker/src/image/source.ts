import type { ApplyContext, Plan } from '@longshore/core'

/** An image that is on the engine. */
export interface FoundImage {
  id: string
  /** What the declaration calls it. */
  declared: string
  /** By what a later deployment finds the same one: `name@sha256:…`, or its id. */
  used: string
  /** The name by which it was pulled just now, where it was not here before. */
  pulled?: string | undefined
}

/** Where one kind of service gets its image. `used`: that of the deployment which this one repeats. */
export type ImageSource<Run> = (
  plan: Plan<Run>,
  used: string | undefined,
  context: ApplyContext,
) => Promise<FoundImage>
