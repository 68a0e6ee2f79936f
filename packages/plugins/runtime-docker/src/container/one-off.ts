import type { ApplyContext, Exit } from '@longshore/core'
import type { ContainerBody } from '../client.js'
import type { OneOffCommand } from '../kind.js'
import { runToEnd } from '../command/to-end.js'
import type { ContainerRun } from '../config.js'
import { containerFault, oneOffFault } from '../errors.js'
import { keepImage } from '../image/keep.js'
import type { FoundImage } from '../image/source.js'
import type { Tools } from '../kind.js'
import { bodyOf } from './body.js'
import { joinNetwork, makeNetworks, tidyNetworks } from './networks.js'
import { makeVolumes } from './volumes.js'

/** Runs a command in a container that has all that the service's would have, but its ports, its names and its labels. */
export async function runOneOff<Run extends ContainerRun>(
  { engine, log }: Tools,
  command: OneOffCommand<Run>,
  image: FoundImage,
  context: ApplyContext,
): Promise<Exit> {
  const { service, run, argv, grace, began } = command
  try {
    // The name by which it was pulled goes with our tag one day.
    if (image.pulled !== undefined) await keepImage(engine, command, image)
    await makeNetworks(engine, command)
    await makeVolumes(engine, command)
    const container = await engine.create(bare(await bodyOf(command, image.id, context.secret), command))
    const start = async () => {
      for (const network of run.networks.slice(1)) await joinNetwork(engine, network, container)
      await engine.start(container)
    }
    return await runToEnd(engine, { ...context, container, start, grace, began })
  } catch (error) {
    throw containerFault(oneOffFault(error, service, argv[0]!), service)
  } finally {
    await tidyNetworks(engine, command).catch((error: unknown) => {
      log.warn({ error, service }, 'networks that nothing needs are still there')
    })
  }
}

function bare(body: ContainerBody, { service, id, argv, labels }: OneOffCommand): ContainerBody {
  const { NetworkMode = '' } = body.HostConfig ?? {}
  return {
    ...body,
    name: `longshore-${service}-command-${id}`,
    Cmd: [...argv],
    Labels: labels,
    ExposedPorts: {},
    Healthcheck: { Test: ['NONE'] },
    HostConfig: { ...body.HostConfig, PortBindings: {}, RestartPolicy: { Name: '' } },
    NetworkingConfig: body.NetworkingConfig && { EndpointsConfig: { [NetworkMode]: {} } },
  }
}
