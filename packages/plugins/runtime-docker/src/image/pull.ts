import type { ApplyContext } from '@longshore/core'
import { LongshoreError } from '@longshore/core'
import type { Engine } from '../client.js'
import type { ImageRun } from '../config.js'
import { imageMissing } from '../errors.js'

/** What is wanted of an image. */
export type ImageWish = Pick<ImageRun, 'image' | 'pull' | 'registry'>

/** The id of the image that the run section names, pulled where that is wanted. Errors: IMAGE_MISSING. */
export async function ensureImage(engine: Engine, run: ImageWish, context: ApplyContext): Promise<string> {
  const known = await engine.image(run.image)
  if (known && run.pull !== 'always') return known.Id
  if (run.pull === 'never')
    throw imageMissing(run.image, 'it is not here, and it may not be pulled (run.pull)')
  await pull(engine, run, context)
  const pulled = await engine.image(run.image)
  if (!pulled) throw imageMissing(run.image, 'the engine does not have it after the pull')
  return pulled.Id
}

async function pull(engine: Engine, { image, registry }: ImageWish, context: ApplyContext): Promise<void> {
  const { output, signal, secret } = context
  const auth = registry && { username: registry.username, password: (await secret(registry.password)).open() }
  await output.write('note', `pulling ${image}\n`)
  try {
    const named = /[:@][^/]*$/.test(image) ? image : `${image}:latest`
    await engine.pull(
      named,
      auth,
      async ({ status, id, error, progressDetail }) => {
        if (error !== undefined) throw imageMissing(image, error)
        // The bars of layers under way are for terminals; what began and ended is for the record.
        if (status && progressDetail?.total === undefined)
          await output.write('stdout', `${id ? `${id}: ` : ''}${status}\n`)
      },
      signal,
    )
  } catch (error) {
    if (signal.aborted || !(error instanceof LongshoreError) || error.code !== 'ENGINE_REFUSED') throw error
    throw imageMissing(image, error.message)
  }
}
