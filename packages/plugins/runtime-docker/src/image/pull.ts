import type { ApplyContext, Plan } from '@longshore/core'
import { LongshoreError } from '@longshore/core'
import type { Engine } from '../client.js'
import type { ImageRun } from '../config.js'
import { imageMissing } from '../errors.js'
import { Progress, type ImageDetails } from '../schema.js'
import { findImage } from './images.js'
import type { FoundImage } from './source.js'

/** What is wanted of an image. */
export type ImageWish = Pick<ImageRun, 'image' | 'pull' | 'registry'>

/** An image that is here, and the name by which it was pulled where it was not here before. */
export interface BroughtImage {
  image: ImageDetails
  pulled?: string
}

/**
 * The image that a service declares. A deployment that repeats one uses its image, whatever the name stands for now.
 * Errors: IMAGE_MISSING.
 */
export async function imageOf(
  engine: Engine,
  { run }: Plan<ImageRun>,
  used: string | undefined,
  context: ApplyContext,
): Promise<FoundImage> {
  const again =
    used !== undefined && ({ ...run, image: used, pull: run.pull === 'never' ? 'never' : 'missing' } as const)
  const { image, pulled } = await ensureImage(engine, again || run, context)
  return { ...found(run.image, image), pulled }
}

/** An image by its name, digest or id, pulled where that is wanted. Errors: IMAGE_MISSING. */
export async function ensureImage(
  engine: Engine,
  wish: ImageWish,
  context: ApplyContext,
): Promise<BroughtImage> {
  const { image: name, pull: policy } = wish
  const known = await findImage(engine, name)
  if (known && policy !== 'always') return { image: known }
  if (/^sha256:/.test(name)) throw imageMissing(name, 'it is gone, and no registry knows it by that')
  if (policy === 'never') throw imageMissing(name, 'it is not here, and it may not be pulled (run.pull)')
  const whole = /[:@][^/]*$/.test(name) ? name : `${name}:latest`
  await pull(engine, { ...wish, image: whole }, context)
  const image = await findImage(engine, whole)
  if (!image) throw imageMissing(name, 'the engine does not have it after the pull')
  return { image, ...(!known && { pulled: whole }) }
}

/** By its digest it can be pulled again; an image that was never in a registry has only its id. */
function found(image: string, { Id, RepoDigests }: ImageDetails): FoundImage {
  const repository = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const short = repository.replace(/^docker\.io\/(library\/)?/, '')
  const digest = RepoDigests.find((each) => each.startsWith(`${short}@`))
  return { id: Id, declared: image, used: digest ?? Id }
}

async function pull(
  engine: Engine,
  { image: name, registry }: ImageWish,
  context: ApplyContext,
): Promise<void> {
  const { output, signal, secret } = context
  const login = registry && {
    username: registry.username,
    password: (await secret(registry.password)).open(),
  }
  await output.write('note', `pulling ${name}\n`)
  const authconfig = login && { ...login, serveraddress: '' }
  const options = { abortSignal: signal, ...(authconfig && { authconfig }) }
  try {
    const said = engine.stream(Progress, (docker) => docker.pull(name, options), signal)
    for await (const { status, id, error, progressDetail } of said) {
      if (error !== undefined) throw imageMissing(name, error)
      // The bars of layers under way are for terminals; what began and ended is for the record.
      if (status && progressDetail?.total === undefined)
        await output.write('stdout', `${id ? `${id}: ` : ''}${status}\n`)
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof LongshoreError) || error.code !== 'ENGINE_REFUSED') throw error
    throw imageMissing(name, error.message)
  }
}
