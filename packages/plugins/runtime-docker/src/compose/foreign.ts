import type { PlacementRef } from '@longshore/core'
import type { Engine } from '../client.js'
import { label } from '../container/labels.js'
import type { Labelled } from '../schema.js'
import type { Model } from './model.js'
import type { Refuse } from './rules.js'

/** Everything on the engine that a project may name. */
export interface Shared {
  volumes: Labelled[]
  networks: Labelled[]
}

export async function findShared(engine: Engine): Promise<Shared> {
  const [volumes, networks] = await Promise.all([engine.volumes({}), engine.networks({})])
  return { volumes, networks }
}

/**
 * Refuses the volumes and networks of others: what a stranger keeps in the one, and what it serves in the other, is read
 * and changed by whoever names it. Its own are those with the labels of the service, whatever their names.
 */
export function refuseForeign(
  shared: Shared,
  { volumes, networks }: Model,
  placement: PlacementRef,
  refuse: Refuse,
): void {
  for (const [rule, declared, all] of [
    ['foreign-volume', volumes, shared.volumes],
    ['foreign-network', networks, shared.networks],
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
