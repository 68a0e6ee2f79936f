import type { ApplyContext, Plan } from '@longshore/core'
import { LongshoreError } from '@longshore/core'
import type { Engine } from '../client.js'
import type { ImageRun } from '../config.js'
import { imageMissing } from '../errors.js'
import { Progress, type ImageDetails } from '../schema.js'
import { findImage } from './images.js'
import { foundAs, type ForeseenImage, type FoundImage, type ImageSource } from './source.js'

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
async function imageOf(
  engine: Engine,
  { run }: Plan<ImageRun>,
  used: string | undefined,
  context: ApplyContext,
): Promise<FoundImage> {
  const { image, pulled } = await ensureImage(engine, wishOf(run, used), context)
  return { ...found(run.image, image), pulled }
}

function wishOf(run: ImageRun, used: string | undefined): ImageWish {
  return used === undefined ? run : { ...run, image: used, pull: run.pull === 'never' ? 'never' : 'missing' }
}

export const images: ImageSource<ImageRun> = {
  bring: imageOf,
  foresee: (engine, { run }, used) => foreseeImage(engine, wishOf(run, used)),
}

/** Whether an image is here, or would be pulled. Errors: IMAGE_MISSING. */
export async function foreseeImage(engine: Engine, wish: ImageWish): Promise<ForeseenImage> {
  const known = await lookUp(engine, wish)
  if (known && wish.pull !== 'always') return { id: known.Id }
  const say = known ? 'its registry would be asked for a newer one' : 'it is not here and would be pulled'
  return { change: { what: 'pull', instance: wish.image, say } }
}

/** The image, if it is here; else nothing, where it may be pulled. Errors: IMAGE_MISSING. */
async function lookUp(
  engine: Engine,
  { image: name, pull: policy }: ImageWish,
): Promise<ImageDetails | undefined> {
  const known = await findImage(engine, name)
  if (known && policy !== 'always') return known
  if (/^sha256:/.test(name)) throw imageMissing(name, 'it is gone, and no registry knows it by that')
  if (policy === 'never') throw imageMissing(name, 'it is not here, and it may not be pulled (run.pull)')
  return known
}

/** An image by its name, digest or id, pulled where that is wanted. Errors: IMAGE_MISSING. */
export async function ensureImage(
  engine: Engine,
  wish: ImageWish,
  context: ApplyContext,
): Promise<BroughtImage> {
  const { image: name, pull: policy } = wish
  const known = await lookUp(engine, wish)
  if (known && policy !== 'always') return { image: known }
  const whole = /[:@][^/]*$/.test(name) ? name : `${name}:latest`
  await pull(engine, { ...wish, image: whole }, context)
  const image = await findImage(engine, whole)
  if (!image) throw imageMissing(name, 'the engine does not have it after the pull')
  return { image, ...(!known && { pulled: whole }) }
}

/** By its digest it can be pulled again; an image that was never in a registry has only its id. */
function found(name: string, image: ImageDetails): FoundImage {
  const repository = name.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const short = repository.replace(/^docker\.io\/(library\/)?/, '')
  const digest = image.RepoDigests.find((each) => each.startsWith(`${short}@`))
  return foundAs(image, name, digest ?? image.Id)
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
