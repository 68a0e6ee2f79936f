import type { Logger, PlacementRef } from '@longshore/core'
import type { Engine } from '../client.js'
import type { DockerConfig } from '../config.js'
import { tidyImages } from '../image/keep.js'
import { tidyNetworks } from './networks.js'

/** Removes images and networks that nothing needs any more. What runs is none the worse when this fails. */
export async function tidy(
  { engine, config, log }: { engine: Engine; config: DockerConfig; log: Logger },
  { service, host }: PlacementRef,
): Promise<void> {
  try {
    await tidyImages(engine, service, config.images)
    await tidyNetworks(engine, { host })
  } catch (error) {
    log.warn({ error, service }, 'images or networks that nothing needs are still there')
  }
}
