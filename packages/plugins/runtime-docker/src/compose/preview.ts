import { basename, dirname } from 'node:path'
import { differenceBetween, type Preview } from '@longshore/core/protocol'
import { composeLabel } from '../container/labels.js'
import { kept, type Owned, type Tools } from '../kind.js'
import { isUp, type ContainerSummary } from '../schema.js'
import { escape } from './calls.js'
import { containersOf } from './containers.js'
import { findShared } from './foreign.js'
import { digestLabel, freeze } from './freeze.js'
import { foreseeImages } from './images.js'
import { judged, type Work } from './judged.js'
import type { ComposeService, Model } from './model.js'
import { Replacement } from './replacement.js'
import { mapStrings } from './secrets.js'
import { printYaml } from './yaml.js'

type Changes = Preview['changes']

/** Stands for an image that is not here yet. */
const unknownImage = 'to be pulled or built'

/** What bringing a project up would do, service by service; nothing is made, built or pulled. Errors: those of `judged`. */
export async function previewOf(tools: Tools, work: Work, owned: Owned[]): Promise<Preview> {
  const { plan, variables, root, project } = work
  const { engine } = tools
  const model = await judged(tools, work)
  const images = await foreseeImages(engine, model, plan)
  const there = await containersOf(engine, project)
  const ids = Object.fromEntries(Object.entries(images).map(([name, { id }]) => [name, id ?? unknownImage]))
  const frozen = await freeze(model, { plan, root, images: ids, variables, there })
  const changed = new Map(
    (await new Replacement(tools, work, owned).findChanged()).map(({ instance, say }) => [instance!, say]),
  )
  const record = tools.records.get(plan.service)
  const before = record?.project === project ? record.model : undefined
  const services = Object.entries(frozen.model.services).map(([name, service]): Changes[number] => {
    const own = there.filter((each) => serviceOf(each) === name)
    const say = own.flatMap(({ Id }) => changed.get(Id) ?? [])
    if (own.length === 0) return { what: 'create', instance: name, say: 'it is not there' }
    if (
      say.length === 0 &&
      own.every(({ Labels }) => Labels?.[digestLabel] === service.labels?.[digestLabel])
    )
      return { what: 'keep', instance: name, say: keeping(own) }
    const differs = before && differenceBetween(bare(before, name, work), bare(frozen.model, name, work))
    const words =
      [...say, ...(differs ? [differs] : [])].join('; ') || 'files or values that it is given differ'
    return { what: 'replace', instance: name, say: words.slice(0, 2000) }
  })
  const changes = [
    ...Object.values(images).flatMap(({ change }) => change ?? []),
    ...(await missing(tools, model)),
    ...services,
    ...left(there, model),
    ...outside(owned, project),
  ]
  return { ...kept(printYaml(variables.show(escape(frozen.model)))), changes }
}

function serviceOf({ Labels }: ContainerSummary): string {
  return Labels?.[composeLabel.service] ?? ''
}

function keeping(own: ContainerSummary[]): string {
  return own.some(isUp) ? 'nothing of it differs' : 'nothing of it differs; it has ended and would run again'
}

/** A service without what says for which deployment it is, and where its tree lies. */
function bare(model: Model, name: string, { root, variables }: Work): Partial<ComposeService> {
  const { labels, ...service } = model.services[name] ?? {}
  const own = Object.entries(labels ?? {}).filter(([key]) => !key.startsWith('longshore.'))
  const trees = dirname(root)
  const place = (text: string) => {
    if (!text.startsWith(`${trees}/`)) return text
    const [tree = '', ...rest] = text.slice(trees.length + 1).split('/')
    return tree === basename(root) || /^[0-9a-z]{16}-[0-9a-f]{40,64}$/.test(tree)
      ? ['tree:', ...rest].join('/')
      : text
  }
  return mapStrings(variables.show({ ...service, labels: Object.fromEntries(own) }), place)
}

/** Services that the project had and has no more. */
function left(there: ContainerSummary[], { services }: Model): Changes {
  const gone = new Set(there.map(serviceOf).filter((name) => !services[name]))
  return [...gone].map((name) => ({ what: 'remove', instance: name, say: 'the project has no such service' }))
}

/** What runs of another kind, or under another project's name. */
function outside(owned: Owned[], project: string): Changes {
  return owned
    .filter(({ labels }) => labels[composeLabel.project] !== project)
    .map(({ name, instance }) => {
      return { what: 'remove', instance: name ?? instance.slice(0, 12), say: 'it is not of the project' }
    })
}

/** Volumes and networks that would be made. */
async function missing({ engine }: Tools, model: Model): Promise<Changes> {
  const shared = await findShared(engine)
  const of = (what: 'volume' | 'network'): Changes =>
    Object.entries(model[`${what}s`]).flatMap(([key, declared]): Changes => {
      const name = declared?.name ?? key
      if (declared?.external || shared[`${what}s`].some((each) => each.Name === name)) return []
      const say = what === 'volume' ? 'it is not there: it would be empty' : 'it is not there'
      return [{ what: 'create', instance: `${what} ${name}`, say }]
    })
  return [...of('network'), ...of('volume')]
}
