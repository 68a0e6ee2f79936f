import { ignore, type Engine } from '../client.js'
import { isFault } from '../errors.js'
import { ImageDetails, ImageSummary } from '../schema.js'

/** The image that a name, a digest or an id stands for on this engine; undefined when it is not here. */
export function findImage(engine: Engine, name: string): Promise<ImageDetails | undefined> {
  return engine
    .ask(ImageDetails, (docker) => docker.getImage(name).inspect())
    .catch((error: unknown) => {
      if (isFault(error, 'missing')) return undefined
      throw error
    })
}

/** The images with a tag in this repository, and those tags. */
export async function imagesOf(engine: Engine, repository: string): Promise<ImageSummary[]> {
  const filters = { reference: [repository] }
  const all = await engine.ask(ImageSummary.array(), (docker) => docker.listImages({ filters }))
  const own = (tag: string) => tag.startsWith(`${repository}:`)
  return all.map(({ Id, RepoTags }) => ({ Id, RepoTags: RepoTags.filter(own) }))
}

export async function tagImage(engine: Engine, id: string, repo: string, tag: string): Promise<void> {
  await engine.call((docker) => docker.getImage(id).tag({ repo, tag }))
}

/** Takes a name away, and with its last name the image. One that a container uses keeps its last name. */
export async function untag(engine: Engine, name: string): Promise<void> {
  await engine.call((docker) => docker.getImage(name).remove()).catch(ignore('missing', 'conflict'))
}
