import type { Plan } from '@longshore/core'
import type { Engine } from '../client.js'
import type { ContainerRun } from '../config.js'
import { labelsOfPlacement } from './labels.js'

/** Makes the named volumes that are not there, with our labels. Nothing ever removes one. */
export async function makeVolumes(engine: Engine, { run, service, host }: Plan<ContainerRun>): Promise<void> {
  const Labels = labelsOfPlacement({ service, host })
  for (const { kind, source } of run.volumes)
    // The engine leaves one that is there as it is.
    if (kind === 'volume') await engine.call((docker) => docker.createVolume({ Name: source, Labels }))
}
