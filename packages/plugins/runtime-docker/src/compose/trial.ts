import type { Clock, Output, Plan } from '@longshore/core'
import type { Engine } from '../client.js'
import { composeLabel, label } from '../container/labels.js'
import { faultOf, lastProbe, window } from '../container/trial.js'
import { upFailed } from '../errors.js'
import { containersOf } from './containers.js'
import type { ContainerDetails, ContainerSummary } from '../schema.js'

/** Milliseconds after which all is looked at once more though the engine told nothing. */
const glance = 5_000
/** Milliseconds between two looks, however much the engine tells. */
const rest = 100

interface Trial {
  engine: Engine
  clock: Clock
  output: Output
  signal: AbortSignal
  plan: Plan
  project: string
  /** What a service printed last. */
  tail(service: string): Promise<string>
}

/**
 * Resolves when every container of a project is healthy, without a health check has run for a while, or has done its
 * work; told by the engine's events, not by a timer. Errors: CONTAINER_FAILED.
 */
export async function untilAllWell(trial: Trial): Promise<void> {
  const { engine, clock, signal, project } = trial
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  // Before the first look, so that nothing happens between the two.
  const events = await engine.events({ [composeLabel.project]: project }, either)
  const told = () => events.next().catch(() => clock.sleep(glance, either).catch(() => undefined))
  try {
    const began = new Map<string, number>()
    for (let next = told(), heard = true; ;) {
      const wait = await look(trial, began)
      if (wait === 0) return
      signal.throwIfAborted()
      if (heard) next = told()
      heard = await Promise.race([next.then(() => true), clock.sleep(wait, either).then(() => false)])
      await clock.sleep(Math.min(rest, wait), signal)
    }
  } finally {
    stop.abort()
    await events.return().catch(() => undefined)
  }
}

/** Milliseconds after which to look again; 0: all is well. */
async function look(trial: Trial, began: Map<string, number>): Promise<number> {
  const { engine, clock, plan, project } = trial
  let wait = 0
  for (const container of await containersOf(engine, project)) {
    const name = container.Labels?.[composeLabel.service] ?? ''
    const details = await engine.inspect(container.Id)
    const fault = faultIn(details, isNew(container, plan))
    if (fault)
      throw upFailed(`${plan.service}/${name}`, fault, lastProbe(details) || (await trial.tail(name)))
    const health = details.State.Health?.Status
    if (details.State.Status === 'created') wait = glance
    else if (!details.State.Running) continue
    else if (health !== undefined) wait = Math.max(wait, health === 'healthy' ? 0 : glance)
    else if (isNew(container, plan)) {
      const since = began.get(container.Id) ?? clock.monotonic()
      began.set(container.Id, since)
      wait = Math.max(wait, Math.min(glance, since + window - clock.monotonic()), 0)
    }
  }
  return wait
}

function isNew({ Labels }: ContainerSummary, { deployment }: Plan): boolean {
  return Labels?.[label.deployment] === deployment
}

/** A job that has done its work is well; how often an older container was started again says nothing of this deployment. */
function faultIn(details: ContainerDetails, fresh: boolean): string | undefined {
  const { Status, Running, Restarting, ExitCode } = details.State
  if (Status === 'created') return undefined
  if (!Running && !Restarting && ExitCode === 0) return undefined
  return faultOf(fresh ? details : { ...details, RestartCount: 0 })
}
