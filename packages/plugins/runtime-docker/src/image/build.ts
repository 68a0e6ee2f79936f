import { LongshoreError } from '@longshore/core'
import type { ApplyContext, Plan } from '@longshore/core'
import type { Engine } from '../client.js'
import type { DockerfileRun } from '../config.js'
import { labelsOfImage } from '../container/labels.js'
import { buildFailed, contextFault } from '../errors.js'
import { Progress } from '../schema.js'
import { packContext } from './context.js'
import { findImage } from './images.js'
import { repositoryOf } from './keep.js'
import { foundAs, type ForeseenImage, type FoundImage, type ImageSource } from './source.js'

/** Characters of a build's last words that its error repeats. */
const repeated = 500

/**
 * The image of the commit, built by the engine; its cache makes the same commit cheap. A deployment that repeats one uses
 * its image while that is here. Errors: BUILD_CONTEXT, BUILD_FAILED.
 */
async function ensureBuilt(
  engine: Engine,
  plan: Plan<DockerfileRun>,
  used: string | undefined,
  context: ApplyContext,
): Promise<FoundImage> {
  const { output } = context
  const declared = plan.run.file
  const known = used === undefined ? undefined : await findImage(engine, used)
  if (known) return foundAs(known, declared, known.Id)
  if (used !== undefined) await output.write('note', `the image ${used} is gone: it is built again\n`)
  const name = `${repositoryOf(plan.service)}:${plan.commit.sha}`
  await build(engine, plan, name, context)
  const built = await findImage(engine, name)
  if (!built) throw buildFailed(plan.service, 'the engine does not have the image after the build')
  return foundAs(built, declared, built.Id)
}

/** What a build needs of the commit is there, also where nothing is built. */
async function foresee(
  engine: Engine,
  plan: Plan<DockerfileRun>,
  used: string | undefined,
): Promise<ForeseenImage> {
  const known = used === undefined ? undefined : await findImage(engine, used)
  if (known) return { id: known.Id }
  const { archive } = await packContext(plan.directory, plan.run)
  archive.destroy()
  const say = `it would be built from ${plan.run.file} of ${plan.commit.sha.slice(0, 7)}`
  return { change: { what: 'build', instance: plan.service, say } }
}

export const builds: ImageSource<DockerfileRun> = { bring: ensureBuilt, foresee }

async function build(engine: Engine, plan: Plan<DockerfileRun>, name: string, context: ApplyContext) {
  const { run, service } = plan
  const { output, signal } = context
  await output.write('note', `building ${name} from ${run.file}\n`)
  const { dockerfile, archive } = await packContext(plan.directory, run)
  let unread: Error | undefined
  archive.once('error', (error) => (unread = error))
  const options = {
    t: name,
    dockerfile,
    target: run.target,
    buildargs: run.args,
    labels: labelsOfImage(plan),
    forcerm: true,
    abortSignal: signal,
  }
  let last = ''
  try {
    const said = engine.stream(Progress, (docker) => docker.buildImage(archive, options), signal)
    for await (const { stream, status, id, error } of said) {
      if (error !== undefined) throw buildFailed(service, `${error}${last && `; it said last: ${last}`}`)
      const text = stream ?? (status === undefined ? '' : `${id ? `${id}: ` : ''}${status}\n`)
      last = `${last}${stream ?? ''}`.slice(-repeated)
      if (text) await output.write('stdout', text)
    }
  } catch (error) {
    if (unread) throw contextFault(`it cannot be read: ${unread.message}`)
    if (signal.aborted || !(error instanceof LongshoreError) || error.code !== 'ENGINE_REFUSED') throw error
    throw buildFailed(service, error.message)
  } finally {
    archive.destroy()
  }
}
