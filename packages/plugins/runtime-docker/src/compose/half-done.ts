import type { Engine } from '../client.js'
import type { ContainerSummary } from '../schema.js'
import { containersOf } from './containers.js'

/** While Compose replaces a container, the new one has the old one's id before its name. */
const underWay = /^\/[0-9a-f]{12}_(.+)$/

/**
 * Mends what Compose left when it was killed between two steps of a replacement: a new container whose old one is gone
 * gets its name, one whose old one is still there goes. Compose itself takes such a container for a finished one. Answers the project's containers then.
 */
export async function mendHalfDone(engine: Engine, project: string): Promise<ContainerSummary[]> {
  const all = await containersOf(engine, project)
  const names = new Set(all.flatMap(({ Names }) => Names))
  const gone = new Set<string>()
  for (const { Id, Names } of all) {
    const name = underWay.exec(Names[0] ?? '')?.[1]
    if (name === undefined) continue
    if (names.has(`/${name}`)) await engine.remove(Id).then(() => gone.add(Id))
    else await engine.rename(Id, name)
    names.add(`/${name}`)
  }
  return all.filter(({ Id }) => !gone.has(Id))
}
