import type { Engine } from '../client.js'
import { composeLabel, label } from '../container/labels.js'
import type { ContainerSummary } from '../schema.js'

/** The containers of a project, those apart that were made for one command. */
export async function containersOf(engine: Engine, project: string): Promise<ContainerSummary[]> {
  const all = await engine.containers({ [composeLabel.project]: project })
  return all.filter(({ Labels }) => Labels?.[label.command] === undefined)
}
