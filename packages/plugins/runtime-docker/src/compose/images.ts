import type { ApplyContext, Plan } from '@longshore/core'
import type { Engine } from '../client.js'
import { imageMissing } from '../errors.js'
import { findImage } from '../image/images.js'
import { nameInProject } from '../image/keep.js'
import { ensureImage, foreseeImage, type BroughtImage } from '../image/pull.js'
import type { ForeseenImage } from '../image/source.js'
import type { ImageDetails } from '../schema.js'
import type { ComposeService, Model } from './model.js'

export interface Images {
  /** By service: what its containers are made from. */
  ids: Record<string, string>
  /** By service: by what it is had again, a digest where a registry knows one. */
  made: Record<string, string>
}

/** The project for its builds. */
function underOwnNames(model: Model, plan: Plan): Model {
  const services = Object.entries(model.services).map(([name, service]) => {
    if (!service.build) return [name, service] as const
    return [
      name,
      { ...service, image: nameInProject(plan.service, name), build: { ...service.build, tags: [] } },
    ] as const
  })
  return { ...model, services: Object.fromEntries(services) }
}

/**
 * Brings every image before anything is stopped: built from the commit, pulled as the service says, or those that the
 * deployment had which this one repeats; or only those of the `wanted` services. `build` builds services by name. A service without a build that names the image of
 * one that has is made from what that one built. Errors: IMAGE_MISSING, COMPOSE_FAILED.
 */
export async function bringImages(
  engine: Engine,
  model: Model,
  plan: Plan,
  context: ApplyContext,
  build: (model: Model, services: string[]) => Promise<void>,
  wanted: readonly string[] = Object.keys(model.services),
): Promise<Images> {
  const images: Images = { ids: {}, made: {} }
  const take = (name: string, id: string, reference: string) => {
    images.ids[name] = id
    images.made[name] = reference
  }
  const open: [string, ComposeService][] = []
  for (const name of wanted) {
    const service = model.services[name]!
    const reference = plan.made?.images[name]
    const id = reference && (await again(engine, reference, context))
    if (id) take(name, id, reference)
    else open.push([name, service])
  }
  const built = open.filter(([, service]) => service.build).map(([name]) => name)
  for (const name of built)
    if (plan.made?.images[name])
      await context.output.write('note', `the image of ${name} is gone: it is built again\n`)
  if (built.length > 0) await build(underOwnNames(model, plan), built)
  for (const name of built) {
    const { Id } = await present(engine, nameInProject(plan.service, name), name)
    take(name, Id, Id)
  }
  const pulled = new Map<string, Promise<BroughtImage>>()
  const others = open.filter(([, service]) => !service.build)
  for (const [name, service] of others) {
    const image = service.image ?? ''
    const builder = builderOf(image, model)
    if (builder !== undefined) take(name, images.ids[builder]!, images.made[builder]!)
    else if (!pulled.has(keyOf(service)))
      pulled.set(keyOf(service), ensureImage(engine, { image, pull: pullOf(service) }, context))
  }
  // All of them, also when one fails: nothing is under way any more when this ends.
  await Promise.allSettled(pulled.values())
  for (const [name, service] of others) {
    if (images.ids[name] !== undefined) continue
    const { image } = (await pulled.get(keyOf(service)))!
    take(name, image.Id, image.RepoDigests[0] ?? image.Id)
  }
  return images
}

/** By service, of what its containers would be made: none where that is not here yet, and what would be done about it. */
export async function foreseeImages(
  engine: Engine,
  model: Model,
  plan: Plan,
): Promise<Record<string, ForeseenImage>> {
  const all: Record<string, ForeseenImage> = {}
  const later: [string, string][] = []
  for (const [name, service] of Object.entries(model.services)) {
    const { image = '', build } = service
    const used = plan.made?.images[name]
    const known = used === undefined ? undefined : await findImage(engine, used)
    const builder = build ? undefined : builderOf(image, model)
    if (known) all[name] = { id: known.Id }
    else if (used?.includes('@')) all[name] = await foreseeImage(engine, { image: used, pull: 'missing' })
    else if (build) {
      const say = `it would be built from the commit ${plan.commit.sha.slice(0, 7)}`
      all[name] = { change: { what: 'build', instance: name, say } }
    } else if (builder !== undefined) later.push([name, builder])
    else all[name] = await foreseeImage(engine, { image, pull: pullOf(service) })
  }
  // Of what another one's build gives; that is told of once.
  for (const [name, builder] of later) all[name] = { id: all[builder]?.id }
  return all
}

async function present(engine: Engine, tag: string, service: string): Promise<ImageDetails> {
  const found = await findImage(engine, tag)
  if (found) return found
  throw imageMissing(tag, `the engine does not have it, and service ${service} is made from it`)
}

/** The service that builds what goes by this name in the project. */
export function builderOf(image: string, { services }: Model): string | undefined {
  return Object.entries(services).find(([, other]) => other.build && other.image === image)?.[0]
}

function keyOf(service: ComposeService): string {
  return `${pullOf(service)} ${service.image ?? ''}`
}

/** The id of an image that was used before; undefined when it is gone and no registry can be asked for it. */
async function again(engine: Engine, reference: string, context: ApplyContext): Promise<string | undefined> {
  if (reference.includes('@'))
    return (await ensureImage(engine, { image: reference, pull: 'missing' }, context)).image.Id
  return (await findImage(engine, reference))?.Id
}

function pullOf({ pull_policy }: ComposeService): 'missing' | 'always' | 'never' {
  if (pull_policy === 'never') return 'never'
  return /^(always|daily|weekly|every_.*)$/.test(pull_policy ?? '') ? 'always' : 'missing'
}
