import { GitProvider } from '../contracts/git-provider.js'
import { Runtime } from '../contracts/runtime.js'
import { Storage } from '../contracts/storage.js'
import type { LogFrame } from '../contracts/telemetry.js'
import type { Accepted, Deployment, HostState, Placement, PlanView, Point, Where } from '../protocol/index.js'
import { Clock } from '../kernel/clock.js'
import { Config } from '../kernel/config.js'
import { Contributions } from '../contributions/contributions.js'
import { HookCalls } from '../kernel/hooks.js'
import { HostInfo } from '../kernel/host.js'
import { Logger } from '../kernel/logger.js'
import { definePlugin } from '../kernel/plugin.js'
import { Secrets } from '../kernel/secrets.js'
import { token } from '../kernel/token.js'
import { Checkouts } from '../checkouts/checkouts.js'
import { tidy } from './end.js'
import { Advance } from '../journal/advance.js'
import { Journal } from '../journal/journal.js'
import { untilQueued } from '../journal/queued.js'
import { addFlowMetrics } from '../metrics/flow.js'
import type { Moment } from '../rewind/moment.js'
import { Past } from '../rewind/past.js'
import { Outputs } from '../linelog/outputs.js'
import { Semaphore } from '../waiting/semaphore.js'
import type { Request } from '../requests/requests.js'
import { previewOf, type PlanAsked } from '../plan/plan.js'
import { whereIs } from '../where/where.js'
import { servicesOf } from './service.js'
import { Works } from './works.js'

/** The state of services, and the one door for changing it. */
export interface Flow {
  /** Every placement that was ever declared, by name. */
  placements(): Placement[]
  placement(service: string, host: string): Placement | undefined
  /** What is known of a host as such: the engines of it that do not answer. */
  hostState(host: string): Promise<HostState | undefined>
  /** All that is so after everything recorded, with what is known of the hosts: the engines that do not answer. */
  now(): Moment
  /** The same as it was. Errors: REWIND_AHEAD, REWIND_TOO_EARLY, REWIND_BUSY. */
  at(point: Point, signal: AbortSignal): Promise<Moment>
  deployment(id: string): Promise<Deployment | undefined>
  /** Newest first; `next` is what to give as `before` for those after, undefined at the end. */
  deployments(
    service: string,
    query: { host?: string; before?: number; limit: number },
  ): Promise<{ items: Deployment[]; next?: number }>
  /** What a deployment printed, or its last `tail` lines; with `follow` until it has settled. */
  output(deployment: string, follow: boolean, signal: AbortSignal, tail?: number): AsyncIterable<LogFrame>
  /** Where a commit, or one that contains it, runs, would run or could return to; its id, or at least seven digits of it. */
  where(commit: string, signal: AbortSignal): Promise<Where>
  /** What a deployment would change; nothing is recorded, and the host is not touched. */
  plan(asked: PlanAsked, signal: AbortSignal): Promise<PlanView>
  /** Takes a request: the same pipe for every client. Rejects with a coded error when it is forbidden or makes no sense. */
  request(request: Request): Promise<Accepted>
}

export const Flow = token<Flow>('Flow')

const needed = {
  storage: Storage,
  git: GitProvider,
  runtimes: Runtime,
  secrets: Secrets,
  clock: Clock,
  log: Logger,
  host: HostInfo,
  config: Config,
  calls: HookCalls,
  contributions: Contributions,
}

/** The main job as a plugin: it uses what every plugin can use. `every`: events between two snapshots of the state. */
export const flowPlugin = (every?: number) =>
  definePlugin({
    name: 'flow',
    needs: needed,
    provides: [Journal, Flow],
    setup({ needs, provide, hooks, doctor, metrics }) {
      const { storage, git, runtimes, secrets, clock, log, host, config, calls, contributions } = needs
      const { slices, kinds } = contributions
      const past: Past = new Past({ storage, clock, log, every, now: (): Moment => journal.now() })
      const journal = new Advance({ storage, slices, kinds, clock, log, host: host.name, told: past.told })
      const parts = {
        host: host.name,
        config: () => config.current(),
        journal,
        hooks: calls,
        git,
        runtimes,
        secrets,
        clock,
        log,
        checkouts: new Checkouts(host.data, log),
        outputs: new Outputs(host.data, clock),
        slots: new Semaphore(() => config.current().defaults.parallel),
      }
      const works = new Works(parts, config, { storage, ...past })
      provide(Journal, journal)
      addFlowMetrics({ metrics, hooks, journal, host: host.name })
      provide(Flow, doors(works, storage, past.rewind))
      hooks.started.tap(async () => {
        await journal.open()
        await past.snapshots.open(journal.now())
        const declared = servicesOf(config.current())
        const left = (await parts.checkouts.open()).filter((service) => !declared.has(service))
        for (const service of left) await tidy(works.parts, service)
        await works.start(host.version)
      })
      hooks.stopping.tap(() => works.stop().then(() => past.snapshots.idle()))
      doctor.add('journal', async () => ({ ok: true, say: `${journal.last()} events are recorded` }))
    },
  })

function doors({ parts, request }: Works, storage: Storage, rewind: Past['rewind']): Flow {
  const { journal, outputs } = parts
  return {
    placements: () => [...journal.placements().values()].sort((a, b) => (a.service < b.service ? -1 : 1)),
    placement: (service, host) => journal.placement(service, host),
    hostState: (host) => journal.hostState(host),
    now: () => journal.now(),
    at: (point, signal) => rewind.at(point, signal),
    deployment: (id) => journal.deployment(id),
    where: (commit, signal) => whereIs(parts, commit, signal),
    plan: (asked, signal) => previewOf(parts, asked, signal),
    request,
    async deployments(service, { host, before, limit }) {
      // The journal knows a service's own by its index; the documents hold what became of them.
      const query = { service, host, kind: 'deployment.queued', limit }
      const { events, next } = await storage.events({ ...query, before })
      const items = await Promise.all(events.map(({ deployment }) => journal.deployment(deployment!)))
      return { items: items.filter((item) => item !== undefined), next }
    },
    async *output(id, follow, signal, tail) {
      // Its id may be known before its turn has come.
      if (follow) await untilQueued(journal, id, signal)
      yield* outputs.read(id, follow, signal, tail)
    },
  }
}
