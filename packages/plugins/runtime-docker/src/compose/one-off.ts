import { composeLabel } from '../container/labels.js'
import { serviceMissing } from '../errors.js'
import type { OneOffCommand } from '../kind.js'
import type { Owned } from '../kind.js'
import { builderOf } from './images.js'
import type { ComposeService, Model } from './model.js'

type Services = Model['services']

/** What of a project one command needs. */
export interface OneOffParts {
  /** The service that it runs for. */
  target: string
  /** That one, and all that it depends on and of which nothing is there. */
  needed: string[]
  /** By service: a container of those that are there. */
  there: ReadonlyMap<string, string>
}

/** The service that a command is for; a project that has one only need not name it. Errors: COMMAND_SERVICE. */
export function partsOf(
  { services, name: project }: Model,
  { in: place, service }: OneOffCommand,
  owned: readonly Owned[],
): OneOffParts {
  const names = Object.keys(services)
  const target = place.service ?? (names.length === 1 ? names[0] : undefined)
  if (target === undefined || !services[target]) throw serviceMissing(service, target, names)
  const there = new Map<string, string>()
  for (const { labels, instance } of owned)
    if (labels[composeLabel.project] === project) there.set(labels[composeLabel.service] ?? '', instance)
  const needed = [target]
  // The list grows while it is walked.
  for (const name of needed)
    for (const other of needsOf(services[name]!))
      if (services[other] && !there.has(other) && !needed.includes(other)) needed.push(other)
  return { target, needed, there }
}

/** Those whose images are wanted: they, and others that theirs are built for. */
export function withBuilders(model: Model, names: readonly string[]): string[] {
  const builders = names.flatMap((name) => {
    const { build, image = '' } = model.services[name]!
    return build ? [] : (builderOf(image, model) ?? [])
  })
  return [...new Set([...builders, ...names])]
}

export function only(model: Model, names: readonly string[]): Model {
  const services = Object.entries(model.services).filter(([name]) => names.includes(name))
  return { ...model, services: Object.fromEntries(services) }
}

/** Options that only what lasts has use for, or that two containers cannot both have. */
const dropped = [
  'ports',
  'container_name',
  'mac_address',
  'restart',
  'post_start',
  'pre_stop',
  'tty',
  'stdin_open',
]

/**
 * The project with nothing but the command: its service under a name of its own, so that Compose takes nothing that is there
 * for it; without ports, and without a name that others reach the service by. What it depends on is as declared, without ports.
 */
export function oneOffModel(
  model: Model,
  { target, needed, there }: OneOffParts,
  { argv, id, labels }: OneOffCommand,
): { model: Model; name: string } {
  const name = `${target}-command-${id}`
  const services: Services = {}
  for (const each of needed) {
    const { ports: _ports, container_name: _name, ...rest } = free(model.services[each]!, there)
    if (each !== target) services[each] = { ...rest, labels }
  }
  const own = Object.entries(free(model.services[target]!, there)).filter(([key]) => !dropped.includes(key))
  services[name] = {
    ...(Object.fromEntries(own) as ComposeService),
    ...{ command: [...argv], restart: 'no', healthcheck: { disable: true }, scale: 1, labels },
    ...bareDeploy(model.services[target]!['deploy']),
    ...bareNetworks(model.services[target]!['networks']),
  }
  return { model: { ...model, services }, name }
}

function bareDeploy(deploy: unknown): { deploy?: unknown } {
  if (typeof deploy !== 'object' || deploy === null) return {}
  const {
    replicas: _replicas,
    mode: _mode,
    restart_policy: _restart,
    ...rest
  } = deploy as Record<string, unknown>
  return { deploy: rest }
}

/** In the networks, under no name and no address that is the service's. */
function bareNetworks(networks: unknown): { networks?: unknown } {
  if (typeof networks !== 'object' || networks === null) return {}
  return { networks: Object.fromEntries(Object.keys(networks).map((name) => [name, null])) }
}

const shared = ['network_mode', 'ipc', 'pid'] as const

function needsOf(service: ComposeService): string[] {
  const depends = Object.keys((service.depends_on ?? {}) as object)
  const links = words(service['links']).map((link) => link.split(':')[0]!)
  const volumes = words(service['volumes_from']).map((from) => from.split(':')[0]!)
  const spaces = shared.flatMap((key) => ownerOf(service[key]) ?? [])
  return [...depends, ...links, ...volumes, ...spaces]
}

/** With what it needs of services that are there said by their containers: Compose would bring those to the new commit. */
function free(service: ComposeService, there: ReadonlyMap<string, string>): ComposeService {
  const freed: ComposeService = { ...service }
  const depends = Object.entries((service.depends_on ?? {}) as object)
  freed.depends_on = Object.fromEntries(depends.filter(([name]) => !there.has(name)))
  for (const key of shared) {
    const id = there.get(ownerOf(service[key]) ?? '')
    if (id !== undefined) freed[key] = `container:${id}`
  }
  const of = (word: string) => there.get(word.split(':')[0]!)
  const links = words(service['links'])
  if (links.length > 0) {
    freed['links'] = links.filter((link) => !of(link))
    const outside = links.filter(of).map((link) => `${of(link)}:${link.split(':')[1] ?? link}`)
    freed['external_links'] = [...words(service['external_links']), ...outside]
  }
  const volumes = words(service['volumes_from'])
  if (volumes.length > 0)
    freed['volumes_from'] = volumes.map((from) =>
      of(from) ? ['container', of(from), ...from.split(':').slice(1)].join(':') : from,
    )
  return freed
}

/** The service whose namespace is shared. */
function ownerOf(value: unknown): string | undefined {
  return typeof value === 'string' ? /^service:(.+)$/.exec(value)?.[1] : undefined
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
