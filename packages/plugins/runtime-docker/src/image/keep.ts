import { createHash } from 'node:crypto'
import type { Plan } from '@longshore/core'
import { DeploymentId } from '@longshore/core/protocol'
import type { Engine } from '../client.js'
import type { ImageSummary } from '../schema.js'
import { findImage, imagesOf, tagImage, untag } from './images.js'
import type { FoundImage } from './source.js'

/**
 * Images that a rollback may need carry a tag of ours, `longshore/<service>:<deployment>`: of the newest deployment that
 * used it. So they stay when their own name moves on, and the oldest are known.
 *
 * Behind the deployment stands a mark where Longshore itself brought the image here: of the name by which it was pulled.
 * Only then does that name go with our tag; whatever else bears an image is a stranger's.
 */
export async function keepImage(engine: Engine, plan: Plan, { id, tags, pulled }: FoundImage): Promise<void> {
  const repository = repositoryOf(plan.service)
  const known = tags.filter((tag) => tag.startsWith(`${repository}:`))
  const mark = pulled === undefined ? known.map(markOf).find(Boolean) : digestOf(pulled)
  await tagImage(engine, id, repository, mark ? `${plan.deployment}.${mark}` : plan.deployment)
}

/** A deployment that failed keeps nothing. */
export async function dropImage(engine: Engine, { service, deployment }: Plan): Promise<void> {
  for (const image of await imagesOf(engine, repositoryOf(service))) {
    const uses = image.RepoTags.filter(isOfDeployment)
    const own = uses.filter((tag) => deploymentOf(tag) === deployment)
    if (own.length > 0 && own.length === uses.length) await release(engine, image)
    else for (const tag of own) await untag(engine, tag)
  }
}

/**
 * Lets go of all but the `last` images of the service that were used last, and of all but the newest tag of each. What a project
 * was built to has one image for each of its services.
 */
export async function tidyImages(engine: Engine, service: string, last: number): Promise<void> {
  const found = await imagesOf(engine, repositoryOf(service))
  const single = found.filter(({ RepoTags }) => !RepoTags.some((tag) => tag.includes(ofProject)))
  const all = single.map((image) => {
    const [newest = '', ...older] = image.RepoTags.filter(isOfDeployment).sort(byDeployment)
    return { image, newest, older }
  })
  all.sort((a, b) => byDeployment(a.newest, b.newest))
  for (const { older } of all) for (const tag of older) await untag(engine, tag)
  for (const { image } of all.slice(last)) await release(engine, image)
}

/** Takes our tags away, and the name by which we pulled it; the image stays as long as anybody else names or uses it. */
async function release(engine: Engine, { Id, RepoTags }: ImageSummary): Promise<void> {
  const mark = RepoTags.map(markOf).find(Boolean)
  for (const tag of RepoTags) await untag(engine, tag)
  const left = mark && (await findImage(engine, Id))
  if (!left || left.RepoTags.some((tag) => tag.startsWith('longshore/'))) return
  for (const tag of left.RepoTags) if (digestOf(tag) === mark) await untag(engine, tag)
  const nameless = await findImage(engine, Id)
  if (nameless?.RepoTags.length === 0) for (const digest of nameless.RepoDigests) await untag(engine, digest)
}

/** A part of a repository's name does not end with dashes, but a service's may. */
export function repositoryOf(service: string): string {
  return `longshore/${service.replace(/-+$/, (dashes) => `.${dashes.length}`)}`
}

const ofProject = ':compose-'

/**
 * What is built for one service of a project bears a name of its own: under the one that the file gives it, it would be taken
 * for another service's image, by whoever asks the engine for that name next.
 */
export function nameInProject(service: string, name: string): string {
  return `${repositoryOf(service)}${ofProject}${name}`
}

/** What a build is tagged with beside it is the commit. */
function isOfDeployment(tag: string): boolean {
  return DeploymentId.safeParse(deploymentOf(tag)).success
}

function deploymentOf(tag: string): string {
  return tag.slice(tag.lastIndexOf(':') + 1).split('.')[0]!
}

function markOf(tag: string): string | undefined {
  return tag.slice(tag.lastIndexOf(':') + 1).split('.')[1]
}

/** Ids of deployments sort by time: the newest first. */
function byDeployment(a: string, b: string): number {
  return deploymentOf(a) < deploymentOf(b) ? 1 : -1
}

/** Of a name as the engine lists it. */
function digestOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 12)
}
