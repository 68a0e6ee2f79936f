import type { Plan, PlacementRef } from '@longshore/core'
import { ignore, type Engine } from '../client.js'
import type { ContainerRun } from '../config.js'
import { Labelled } from '../schema.js'
import { composeLabel, labelsOfHost, labelsOfPlacement } from './labels.js'

/** Networks that the engine has from the start; in them a container has no name. */
const builtIn = /^(bridge|default|host|none|container:.*)$/

export function isBuiltIn(network: string): boolean {
  return builtIn.test(network)
}

/** What a container is called in a network: its service. */
export function aliasesIn(network: string, service: string): string[] | undefined {
  return builtIn.test(network) ? undefined : [service]
}

/** Makes those that are not there. They bear our labels. */
export async function makeNetworks(
  engine: Engine,
  { run, service, host }: Plan<ContainerRun>,
): Promise<void> {
  for (const name of run.networks) {
    if (builtIn.test(name)) continue
    const filters = { name: [name] }
    const found = await engine.ask(Labelled.array(), (docker) => docker.listNetworks({ filters }))
    if (found.some(({ Name }) => Name === name)) continue
    const Labels = labelsOfPlacement({ service, host })
    await engine
      .call((docker) => docker.createNetwork({ Name: name, Labels, CheckDuplicate: true }))
      .catch(ignore('conflict'))
  }
}

/** Removes those that we made on this host and that no container uses any more, also none that stands still. */
export async function tidyNetworks(engine: Engine, { host }: Pick<PlacementRef, 'host'>): Promise<void> {
  for (const { Id, Labels } of await engine.networks(labelsOfHost(host))) {
    // Those of compose projects come and go with them.
    if (Labels?.[composeLabel.project] !== undefined) continue
    const filters = { network: [Id] }
    const users = await engine.call((docker) => docker.listContainers({ all: true, filters }))
    // The engine refuses while it is used by somebody who came between.
    if (users.length === 0) await engine.removeNetwork(Id).catch(ignore('forbidden', 'conflict'))
  }
}

export async function joinNetwork(engine: Engine, network: string, Container: string, Aliases?: string[]) {
  const EndpointConfig = { Aliases }
  await engine.call((docker) => docker.getNetwork(network).connect({ Container, EndpointConfig }))
}
