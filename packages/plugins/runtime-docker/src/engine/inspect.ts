import type { PlacementRef } from '@longshore/core'
import { ignore, type Engine } from '../client.js'
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
  return inspectEach(
    engine,
    owned.map(({ Id }) => Id),
  )
}

/** Those of them that are there: one may go at any time. */
export async function inspectEach(engine: Engine, ids: string[]): Promise<ContainerDetails[]> {
  const details = await Promise.all(ids.map((id) => engine.inspect(id).catch(ignore('missing'))))
  return details.filter((each) => each !== undefined)
}
