import type { ApplyContext, Plan } from '@longshore/core'
import type { Engine } from '../client.js'
import { imageMissing } from '../errors.js'
import { findImage } from '../image/images.js'
import { ensureImage } from '../image/pull.js'
import type { ComposeService, Model } from './model.js'

export interface Images {
  /** By service: what its containers are made from. */
  ids: Record<string, string>
  /** By service: by what it is had again, a digest where a registry knows one. */
  made: Record<string, string>
}

/**
 * Brings every image before anything is stopped: built from the commit, pulled as the service says, or those that the
 * deployment had which this one repeats. `build` builds services by name. Errors: IMAGE_MISSING, COMPOSE_FAILED.
 */
export async function bringImages(
  engine: Engine,
  model: Model,
  plan: Plan,
  context: ApplyContext,
  build: (services: string[]) => Promise<void>,
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
  if (built.length > 0) await build(built)
  const pulled = new Map<string, Promise<unknown>>()
  for (const [, service] of open) {
    if (service.build) continue
    const image = service.image ?? ''
    const pull = pullOf(service)
    const key = `${pull} ${image}`
    if (!pulled.has(key)) pulled.set(key, ensureImage(engine, { image, pull }, context))
  }
  // All of them, also when one fails: nothing is under way any more when this ends.
  await Promise.allSettled(pulled.values())
  for (const [name, service] of open) {
    if (!service.build) await pulled.get(`${pullOf(service)} ${service.image ?? ''}`)
    const tag = service.image ?? `${model.name}-${name}`
    const found = await findImage(engine, tag)
    if (!found) throw imageMissing(tag, `the engine does not have it, and service ${name} is made from it`)
    take(name, found.Id, (service.build ? undefined : found.RepoDigests[0]) ?? found.Id)
  }
  return images
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
