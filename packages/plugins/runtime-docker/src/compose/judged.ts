import { relative } from 'node:path'
import type { ApplyContext, Plan } from '@longshore/core'
import { composeLabel } from '../container/labels.js'
import { policyRefused } from '../errors.js'
import { policyHost } from '../policy.js'
import type { Tools } from '../kind.js'
import type { Labelled } from '../schema.js'
import type { Calls } from './calls.js'
import type { ComposeRun } from './config.js'
import { containersOf } from './containers.js'
import { projectTaken } from './errors.js'
import { checkExposure } from './exposure.js'
import { FileCheck, findFiles } from './files.js'
import { findShared, refuseForeign, type Shared } from './foreign.js'
import type { Model } from './model.js'
import { judgeModel } from './policy.js'
import type { Refuse } from './rules.js'
import type { Variables } from './secrets.js'

/** One deployment, or one command for it, at work. */
export interface Work {
  plan: Plan<ComposeRun>
  context: ApplyContext
  calls: Calls
  variables: Variables
  project: string
  root: string
}

/** The project as Compose understands it, once nothing in it is against the policy and nothing of it is a stranger's. */
export async function judged(tools: Tools, work: Work): Promise<Model> {
  const { plan, context, variables, root } = work
  const [{ model, refuse }, shared] = await both(resolve(work), refuseStrangers(tools, work))
  judgeModel(model, { ...policyHost(tools), root, refuse })
  checkExposure(model, variables, refuse)
  refuseForeign(shared, model, plan, refuse)
  for (const [name, { ports }] of Object.entries(model.services))
    for (const { published, host_ip } of ports ?? [])
      if (published && !host_ip)
        await context.output.write(
          'note',
          `${name} publishes the port ${published} on every address of this host\n`,
        )
  return model
}

/** The project as it is resolved, once nothing in its files leads anywhere it must not. */
async function resolve(work: Work): Promise<{ model: Model; refuse: Refuse }> {
  const { plan, context, calls, variables, project, root } = work
  const { run, directory } = plan
  const files = await findFiles(directory, run.files)
  const names = files.map((file) => relative(directory, file)).join(', ')
  const refuse: Refuse = (rule, what) => {
    if (!run.allow.includes(rule)) throw policyRefused(rule, `${what}, in ${names}`)
  }
  const given = { ...variables.standIns, ...plan.env }
  await new FileCheck({ root, directory, variables: given, refuse }).check(files)
  const model = await calls.resolve({ project, files, profiles: run.profiles }, variables, context)
  return { model, refuse }
}

/** Nothing of a project is touched that somebody else made. Answers what the engine has, of the project or not. */
async function refuseStrangers({ engine, host }: Tools, { plan, project }: Work): Promise<Shared> {
  const [containers, shared] = await Promise.all([containersOf(engine, project), findShared(engine)])
  const own = (each: Labelled[]) => each.filter(({ Labels }) => Labels?.[composeLabel.project] === project)
  const all = [
    ...containers.map(({ Names, Labels }) => ({ what: `the container ${Names[0]?.slice(1)}`, Labels })),
    ...own(shared.volumes).map(({ Name, Labels }) => ({ what: `the volume ${Name}`, Labels })),
    ...own(shared.networks).map(({ Name, Labels }) => ({ what: `the network ${Name}`, Labels })),
  ]
  const other = all.find(({ Labels }) => !isOf(Labels, plan.service, host))
  if (other) throw projectTaken(project, other.what)
  return shared
}

function isOf(labels: Record<string, string> | null | undefined, service: string, host: string): boolean {
  return labels?.['longshore.service'] === service && labels['longshore.host'] === host
}

/** At the same time, and to the end of both: nothing is at work any more when this rejects. */
export async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b])
  return [await a, await b]
}
