import type { ApplyContext, Plan } from '@longshore/core'
import { differenceBetween, type Preview } from '@longshore/core/protocol'
import { z } from 'zod'
import { readYaml } from '../compose/yaml.js'
import type { ContainerRun } from '../config.js'
import { findShared } from '../compose/foreign.js'
import type { ForeseenImage } from '../image/source.js'
import { kept, type Owned, type Tools } from '../kind.js'
import { environment } from './body.js'
import { isBuiltIn } from './networks.js'
import { resolvedOf } from './resolved.js'

type Changes = Preview['changes']

const Variables = z.object({ Config: z.object({ Env: z.array(z.string()).nullish() }) })

/** What a deployment would do to `owned`, the one that runs first. */
export async function previewOf<Run extends ContainerRun>(
  tools: Tools,
  plan: Plan<Run>,
  { owned, image, context }: { owned: Owned[]; image: ForeseenImage; context: ApplyContext },
): Promise<Preview> {
  const { service, commit } = plan
  const resolved = resolvedOf(plan.run)
  const [old, ...others] = owned
  const sha = commit.sha.slice(0, 7)
  const changes: Changes = [...(image.change ? [image.change] : []), ...(await missing(tools, plan))]
  const begins = `a container of ${sha} would be started`
  if (!old) changes.push({ what: 'create', instance: service, say: begins })
  else {
    const differences = await differencesOf(tools, plan, { old, image, resolved, secret: context.secret })
    const say = `${begins} in place of ${old.instance.slice(0, 12)}; ${differences || 'only the commit differs'}`
    changes.push({ what: 'replace', instance: service, say: say.slice(0, 2000) })
  }
  for (const { instance, name } of others)
    changes.push({
      what: 'remove',
      instance: name ?? instance.slice(0, 12),
      say: 'it is none of what would run',
    })
  return { ...kept(resolved), changes }
}

async function differencesOf(
  { engine, applied }: Tools,
  plan: Plan<ContainerRun>,
  {
    old,
    image,
    resolved,
    secret,
  }: { old: Owned; image: ForeseenImage; resolved: string; secret: ApplyContext['secret'] },
): Promise<string> {
  const { Image } = await engine.inspect(old.instance)
  const before = applied.resolvedOf(plan.service)
  const values = await otherValues(old.instance)
  const short = (id: string) => id.slice(0, 'sha256:'.length + 12)
  return [
    image.id !== undefined && image.id !== Image && `another image: ${short(Image)} → ${short(image.id)}`,
    before !== undefined && differenceBetween(readYaml(before), readYaml(resolved)),
    values.length > 0 && `other values of ${values.join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ')

  /** Variables that it has, and would have with another value. */
  async function otherValues(id: string): Promise<string[]> {
    const { Config } = await engine.ask(Variables, (docker) => docker.getContainer(id).inspect())
    const is = new Map((Config.Env ?? []).map((word) => split(word)))
    const wanted = await environment({ ...plan, env: {} }, secret)
    return wanted
      .map(split)
      .flatMap(([name, value]) => (is.has(name) && is.get(name) !== value ? [name] : []))
  }
}

function split(word: string): [string, string] {
  const at = word.indexOf('=')
  return [word.slice(0, at), word.slice(at + 1)]
}

/** The networks and volumes that would be made. */
async function missing({ engine }: Tools, { run }: Plan<ContainerRun>): Promise<Changes> {
  const { volumes, networks } = await findShared(engine)
  const lacks = (all: { Name: string }[], name: string) => !all.some(({ Name }) => Name === name)
  const named = run.volumes.filter(({ kind }) => kind === 'volume').map(({ source }) => source)
  return [
    ...run.networks
      .filter((name) => !isBuiltIn(name) && lacks(networks, name))
      .map((name) => ({ what: 'create' as const, instance: `network ${name}`, say: 'it is not there' })),
    ...named
      .filter((name) => lacks(volumes, name))
      .map((name) => ({
        what: 'create' as const,
        instance: `volume ${name}`,
        say: 'it is not there: it would be empty',
      })),
  ]
}
