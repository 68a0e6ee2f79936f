import type { FoundInstance, Plan, PlacementRef } from '@longshore/core'
import { DeploymentId, ServiceName } from '@longshore/core/protocol'
import type { ContainerSummary } from '../schema.js'

/** The labels that everything started carries; nothing without them is ever touched. */
export const label = {
  service: 'longshore.service',
  host: 'longshore.host',
  deployment: 'longshore.deployment',
  commit: 'longshore.commit',
  /** Of what was made for one command: its id. */
  command: 'longshore.command',
} as const

/** What Compose says of each container that it makes. */
export const composeLabel = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
} as const

export function labelsOf({ service, host, deployment, commit }: Plan): Record<string, string> {
  return {
    ...labelsOfPlacement({ service, host }),
    [label.deployment]: deployment,
    [label.commit]: commit.sha,
  }
}

/** Of an image that is built: a container that somebody else makes of it bears no deployment, and is nobody's. */
export function labelsOfImage({ service, host, commit }: Plan): Record<string, string> {
  return { ...labelsOfPlacement({ service, host }), [label.commit]: commit.sha }
}

export function labelsOfPlacement({ service, host }: PlacementRef): Record<string, string> {
  return { [label.service]: service, [label.host]: host }
}

/** A container with these is no instance of any service, also where the image that was built for one bears its labels. */
export function labelsOfCommand({ host, id }: { host: string; id: string }): Record<string, string> {
  return { ...labelsOfHost(host), [label.command]: id, [label.service]: '' }
}

export function labelsOfHost(host: string): Record<string, string> {
  return { [label.host]: host }
}

/** What a container is to us; undefined when it is not ours: anybody can write labels, so they are checked. */
export function instanceOf(id: string, labels: ContainerSummary['Labels']): FoundInstance | undefined {
  const { [label.service]: service, [label.host]: host, [label.deployment]: deployment } = labels ?? {}
  const known = ServiceName.safeParse(service).success && DeploymentId.safeParse(deployment).success
  if (!known || host === undefined) return undefined
  const name = nameIn(labels)
  return { service: service!, host, deployment: deployment!, instance: id, ...(name && { name }) }
}

/** As Compose numbers the containers of a service: `web-1`. One that is made by itself has only its id. */
function nameIn(labels: ContainerSummary['Labels']): string | undefined {
  const { [composeLabel.service]: service = '', [composeLabel.number]: number = '' } = labels ?? {}
  return /^[a-zA-Z0-9][\w.-]{0,99}$/.test(service) && /^\d{1,6}$/.test(number)
    ? `${service}-${number}`
    : undefined
}
