import { LongshoreError } from '@longshore/core'
import type { PlacementRef } from '@longshore/core'
import type { Engine } from '../client.js'
import { labelsOfPlacement } from '../container/labels.js'

const project = 'com.docker.compose.project'

/** Removes the networks that a service's compose projects had, those of `kept` apart; what others use stays. */
export async function removeNetworks(engine: Engine, placement: PlacementRef, kept?: string): Promise<void> {
  for (const { Id, Labels } of await engine.networks(labelsOfPlacement(placement))) {
    if (Labels?.[project] === undefined || Labels[project] === kept) continue
    await engine.removeNetwork(Id).catch((error: unknown) => {
      if (!(error instanceof LongshoreError) || error.code !== 'ENGINE_REFUSED') throw error
    })
  }
}
