import { LongshoreError } from '@longshore/core'
import type { PlacementRef } from '@longshore/core'
import type { Engine } from '../client.js'
import { composeLabel, labelsOfPlacement } from '../container/labels.js'

/** Removes the networks that a service's compose projects had, those of `kept` apart; what others use stays. */
export async function removeNetworks(engine: Engine, placement: PlacementRef, kept?: string): Promise<void> {
  for (const { Id, Labels } of await engine.networks(labelsOfPlacement(placement))) {
    const project = Labels?.[composeLabel.project]
    if (project === undefined || project === kept) continue
    await engine.removeNetwork(Id).catch((error: unknown) => {
      if (!(error instanceof LongshoreError) || error.code !== 'ENGINE_REFUSED') throw error
    })
  }
}
