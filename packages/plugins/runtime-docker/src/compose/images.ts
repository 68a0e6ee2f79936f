import type { ApplyContext, Plan } from '@longshore/core'
import type { Engine } from '../client.js'
import { imageMissing } from '../errors.js'
import { findImage } from '../image/images.js'
import { repositoryOf } from '../image/keep.js'
import { ensureImage } from '../image/pull.js'
import type { ImageDetails } from '../schema.js'
import type { ComposeService, Model } from './model.js'

export interface Images {
  /** By service: what its containers are made from. */
  ids: Record<string, string>
  /** By service: by what it is had again, a digest where a registry knows one. */
  made: Record<string, string>
}

/**
 * What is built bears a name of the service's own: under the name that the file gives it, it would be taken for another
 * service's image, by whoever asks the engine for that name next.
 */
function ownName(plan: Plan, service: string): string {
  return `${repositoryOf(plan.service)}:compose-${service}`
}

/** The project for its builds. */
function underOwnNames(model: Model, plan: Plan): Model {
  const services = Object.entries(model.services).map(([name, service]) => {
    if (!service.build) return [name, service] as const
    return [name, { ...service, image: ownName(plan, name), build: { ...service.build, tags: [] } }] as const
  })
  return { ...model, services: Object.fromEntries(services) }
}

/**
 * Brings every image before anything is stopped: built from the commit, pulled as the service says, or those that the
 * deployment had which this one repeats. `build` builds services by name. A service without a build that names the image of
 * one that has is made from what that one built. Errors: IMAGE_MISSING, COMPOSE_FAILED.
 */
export async function bringImages(
  engine: Engine,
  model: Model,
  plan: Plan,
  context: ApplyContext,
  build: (model: Model, services: string[]) => Promise<void>,
): Promise<Images> {
  const images: Images = { ids: {}, made: {} }
  const take = (name: string, id: string, reference: string) => {
    images.ids[name] = id
    images.made[name] = reference
  }
  const open: [string, ComposeService][] = []
  for (const [name, service] of Object.entries(model.services)) {
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
    const { Id } = await present(engine, ownName(plan, name), name)
    take(name, Id, Id)
  }
  const pulled = new Map<string, Promise<unknown>>()
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
    await pulled.get(keyOf(service))
    const { Id, RepoDigests } = await present(engine, service.image ?? '', name)
    take(name, Id, RepoDigests[0] ?? Id)
  }
  return images
}

async function present(engine: Engine, tag: string, service: string): Promise<ImageDetails> {
  const found = await findImage(engine, tag)
  if (found) return found
  throw imageMissing(tag, `the engine does not have it, and service ${service} is made from it`)
}

/** The service that builds what goes by this name in the project. */
function builderOf(image: string, { services }: Model): string | undefined {
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
