import type { PlacementRef } from '@longshore/core'
import type { Engine } from '../client.js'
import { label } from '../container/labels.js'
import type { Labelled } from '../schema.js'
import type { Model } from './model.js'
import type { Refuse } from './rules.js'

/**
 * Refuses the volumes and networks of others: what a stranger keeps in the one, and what it serves in the other, is read
 * and changed by whoever names it. Its own are those with the labels of the service, whatever their names.
 */
export async function refuseForeign(
  engine: Engine,
  { volumes, networks }: Model,
  placement: PlacementRef,
  refuse: Refuse,
): Promise<void> {
  const [allVolumes, allNetworks] = await Promise.all([engine.volumes({}), engine.networks({})])
  for (const [rule, declared, all] of [
    ['foreign-volume', volumes, allVolumes],
    ['foreign-network', networks, allNetworks],
  ] as const)
    for (const [key, resource] of Object.entries(declared)) {
      const name = resource?.name ?? key
      const there = all.filter((each) => each.Name === name || each.Id === name)
      const own = there.length > 0 ? there.every((each) => isOf(each, placement)) : !resource?.external
      if (!own) refuse(rule, `${name} (${key}), which was not made for this service`)
    }
}

function isOf({ Labels }: Labelled, { service, host }: PlacementRef): boolean {
  return Labels?.[label.service] === service && Labels[label.host] === host
}
