import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Plan } from '@longshore/core'
import { composeLabel, label, labelsOf, labelsOfPlacement } from '../container/labels.js'
import { realPath, isWithin } from '../policy.js'
import type { ContainerSummary } from '../schema.js'
import { mapStrings, type Variables } from './secrets.js'
import type { ComposeService, Model } from './model.js'
import { contentOf, treeBeside } from './tree.js'

/** A digest of all that a service's containers are made from: by it an unchanged one is known. */
export const digestLabel = 'longshore.digest'

export interface Frozen {
  model: Model
  /** Deployments of whose trees something is mounted. */
  folders: string[]
}

interface Ground {
  plan: Plan
  root: string
  /** By service. */
  images: Record<string, string>
  variables: Variables
  /** The project's containers. */
  there: readonly ContainerSummary[]
}

/**
 * The project as it is applied: images by their ids, nothing left to be built or looked up, and our labels. Compose
 * replaces whatever differs, labels too, so a service that did not change keeps the labels, and the tree, that it has.
 */
export async function freeze(model: Model, ground: Ground): Promise<Frozen> {
  const { plan } = ground
  const owner = labelsOfPlacement(plan)
  const services: Model['services'] = {}
  const folders = new Set<string>()
  for (const [name, service] of Object.entries(model.services)) {
    const { frozen, deployment } = await freezeService(name, service, model, ground)
    services[name] = frozen
    if (deployment) folders.add(deployment)
  }
  const owned = <T extends { external?: boolean } | null>(each: Record<string, T>) =>
    Object.fromEntries(
      Object.entries(each).map(([key, value]) => [
        key,
        value?.external
          ? value
          : { ...value, labels: { ...(value as { labels?: object } | null)?.labels, ...owner } },
      ]),
    ) as Record<string, T>
  return {
    model: { ...model, services, networks: owned(model.networks), volumes: owned(model.volumes) },
    folders: [...folders],
  }
}

async function freezeService(
  name: string,
  service: ComposeService,
  model: Model,
  ground: Ground,
): Promise<{ frozen: ComposeService; deployment: string | undefined }> {
  const { plan, root, there } = ground
  // Everything that only says how an image is had, or which services there are, is done with.
  const { build: _build, pull_policy: _pull, profiles: _profiles, develop: _develop, ...rest } = service
  const bare: ComposeService = { ...rest, ...placed(rest['deploy']), image: ground.images[name]! }
  const digest = await digestOf(bare, model, ground)
  const old = there.filter(({ Labels }) => Labels?.[composeLabel.service] === name)
  const [deployment = '', sha = ''] = [label.deployment, label.commit].map((key) => old[0]?.Labels?.[key])
  const tree = treeBeside(root, plan, deployment, sha)
  const mounts = usesTree(bare, model, root)
  const same =
    old.length > 0 &&
    old.every(({ Labels }) => Labels?.[digestLabel] === digest && Labels[label.deployment] === deployment) &&
    (!mounts || (tree !== undefined && existsSync(tree)))
  const own = same
    ? { ...labelsOf(plan), [label.deployment]: deployment, [label.commit]: sha }
    : labelsOf(plan)
  const here = same && mounts ? mapStrings(bare, (text) => moved(text, root, tree!)) : bare
  const labels = { ...here.labels, ...own, [digestLabel]: digest }
  return {
    frozen: { ...here, labels, depends_on: service.depends_on, scale: service.scale },
    deployment: mounts ? (same ? deployment : plan.deployment) : undefined,
  }
}

/** Where nobody said anything of it, Compose resolves `deploy` with an empty `placement`, and would warn of that then. */
function placed(deploy: unknown): { deploy?: unknown } {
  if (typeof deploy !== 'object' || deploy === null) return {}
  const { placement, ...rest } = deploy as { placement?: unknown }
  return { deploy: JSON.stringify(placement) === '{}' ? rest : deploy }
}

/** The same for the same service, whatever deployment it is a part of. */
async function digestOf(service: ComposeService, model: Model, ground: Ground): Promise<string> {
  const { root, variables, plan } = ground
  // Compose changes these two without replacing a container.
  const { depends_on: _depends, scale: _scale, ...rest } = service
  const files = filesOf(service, model)
  const contents: (string | undefined)[] = []
  for (const path of pathsOf(service, files))
    if (isIn(path, root)) contents.push((await contentOf(path)) ?? plan.deployment)
  const facts = mapStrings([rest, files, contents], (text) => moved(text, root, 'tree:'))
  return createHash('sha256')
    .update(JSON.stringify(sorted(variables.reveal(facts))))
    .digest('hex')
}

/** The secrets and configs that a service is given. */
function filesOf({ secrets, configs }: ComposeService, model: Model) {
  return [
    ...(secrets ?? []).map(({ source = '' }) => model.secrets[source]),
    ...(configs ?? []).map(({ source = '' }) => model.configs[source]),
  ]
}

function pathsOf({ volumes }: ComposeService, files: ReturnType<typeof filesOf>): string[] {
  const binds = (volumes ?? []).filter(({ type }) => type === 'bind').map(({ source = '' }) => source)
  return [...binds, ...files.flatMap((each) => each?.file ?? [])]
}

function usesTree(service: ComposeService, model: Model, root: string): boolean {
  return pathsOf(service, filesOf(service, model)).some((path) => isIn(path, root))
}

function isIn(path: string, root: string): boolean {
  return isWithin(path, root) || isWithin(realPath(path), realPath(root))
}

function moved(text: string, from: string, to: string): string {
  return text === from || text.startsWith(`${from}/`) ? to + text.slice(from.length) : text
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]))
}
