import { LongshoreError } from '@longshore/core'
import type { PlacementRef } from '@longshore/core'
import type { Engine } from '../client.js'
import { instanceOf, labelsOfPlacement } from '../container/labels.js'
import type { ContainerDetails } from '../schema.js'

/** Every container of a service, in whatever state. */
export async function inspectAll(
  engine: Engine,
  { service, host }: PlacementRef,
  signal?: AbortSignal,
): Promise<ContainerDetails[]> {
  const all = await engine.containers(labelsOfPlacement({ service, host }), signal)
  const owned = all.filter(({ Id, Labels }) => instanceOf(Id, Labels))
  const details = await Promise.all(owned.map(({ Id }) => engine.inspect(Id).catch(unlessMissing)))
  return details.filter((each) => each !== undefined)
}

/** It went between two calls. */
function unlessMissing(error: unknown): undefined {
  if (!(error instanceof LongshoreError) || error.data?.['fault'] !== 'missing') throw error
}
