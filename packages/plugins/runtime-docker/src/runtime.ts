import type {
  ApplyContext,
  Command,
  Exit,
  FoundInstance,
  Plan,
  PlacementRef,
  Runtime,
  RuntimeChange,
} from '@longshore/core'
import type { Made, Preview } from '@longshore/core/protocol'
import { OneOffs, runs } from './command/one-offs.js'
import { stopOrder } from './compose/order.js'
import { isOnTrial } from './container/body.js'
import { instanceOf, labelsOfHost, labelsOfPlacement } from './container/labels.js'
import { tidy } from './container/tidy.js'
import { removeNetworks } from './engine/networks.js'
import { Retold } from './engine/retold.js'
import { inspectAll, inspectEach } from './engine/inspect.js'
import { watchContainers } from './engine/watch.js'
import { isFault, upLate } from './errors.js'
import type { Applied, Kind, Owned, Tools } from './kind.js'
import { isUp, type ContainerDetails, type ContainerSummary } from './schema.js'

/** Runs services on one Docker engine. It is one object for all kinds: a service may change its kind. */
export class DockerRuntime implements Runtime<{ kind: string }> {
  readonly supports = { keepsOld: true, runs }
  readonly #tools: Tools
  readonly #kinds: Readonly<Record<string, Kind>>
  /** What goes on for another deployment than the one that started it. */
  readonly #retold = new Retold<RuntimeChange>()
  /** What there was of each service when it was applied last: asked of the engine again only once something was done. */
  readonly #left = new Map<string, FoundInstance[]>()
  /** The end of each service's last call: calls for one service take turns. */
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #oneOffs: OneOffs

  constructor(tools: Tools, kinds: Readonly<Record<string, Kind>>) {
    this.#tools = tools
    this.#kinds = kinds
    const of = (placement: PlacementRef) => this.#of(placement)
    this.#oneOffs = new OneOffs({ tools, kinds, of, turn: (service, work) => this.#turn(service, work) })
  }

  apply(plan: Plan<{ kind: string }>, context: ApplyContext): Promise<Made> {
    return this.#turn(plan.service, () => this.#noted(plan, () => this.#inTime(plan, context)))
  }

  async #inTime(plan: Plan<{ kind: string }>, context: ApplyContext): Promise<Applied> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(upLate(plan.service, plan.timeout)), plan.timeout)
    const signal = AbortSignal.any([context.signal, late.signal])
    try {
      signal.throwIfAborted()
      const kind = this.#kinds[plan.run.kind]!
      return await kind.apply(plan, await this.#of(plan), { ...context, signal })
    } finally {
      clearTimeout(timer)
    }
  }

  async end(placement: PlacementRef, { signal }: ApplyContext): Promise<void> {
    await this.#oneOffs.commands.end(placement.service)
    return this.#turn(placement.service, async () => {
      const { engine, records, applied } = this.#tools
      for (const layer of stopOrder(await this.#of(placement))) {
        signal.throwIfAborted()
        await Promise.all(
          layer.map(async ({ instance }) => engine.retire(instance, await this.#grace(instance))),
        )
      }
      await removeNetworks(engine, placement)
      await records.remove(placement)
      await applied.forget(placement.service)
      await tidy(this.#tools, placement)
    })
  }

  run(command: Command<{ kind: string }>, context: ApplyContext): Promise<Exit> {
    return this.#oneOffs.run(command, context)
  }

  async preview(plan: Plan<{ kind: string }>, context: ApplyContext): Promise<Preview> {
    const { records, applied } = this.#tools
    await records.open()
    await applied.open()
    return this.#kinds[plan.run.kind]!.preview(plan, await this.#of(plan), context)
  }

  /** Longshore stops: what runs goes on, and commands beside it end. */
  close(): Promise<void> {
    return this.#oneOffs.commands.close()
  }

  /** What came of it is what there shall be. */
  async #noted(plan: Plan, apply: () => Promise<Applied>): Promise<Made> {
    const { engine, applied } = this.#tools
    const { service } = plan
    await applied.begin(service)
    try {
      const { made, only } = await apply()
      applied.looking(service)
      const all = await (only === undefined ? inspectAll(engine, plan) : inspectEach(engine, [only]))
      this.#kept(plan, all)
      await applied.done(service, all, only === undefined ? undefined : made.resolved)
      return made
    } catch (error) {
      // While the engine is away nothing is known to have been brought back.
      await applied.failed(service, await inspectAll(engine, plan).catch(() => []))
      throw error
    }
  }

  /** Those of its containers that went on as they were run for this deployment now. */
  #kept({ service, host, deployment }: Plan, all: ContainerDetails[]): void {
    const left: FoundInstance[] = []
    for (const { Id, Config, State } of all) {
      const found = instanceOf(Id, Config.Labels)
      if (!found) continue
      left.push(found)
      if ((State.Running || State.Restarting) && found.deployment !== deployment)
        this.#retold.add({ ...found, service, host, deployment, kind: 'started', adopted: true })
    }
    this.#left.set(service, left)
  }

  async find(): Promise<FoundInstance[]> {
    const { engine, host, records } = this.#tools
    await records.open()
    await this.#oneOffs.sweep()
    const all = (await engine.containers(labelsOfHost(host))).filter(isUp).flatMap(found)
    return all.map((instance) => ({ ...instance, deployment: records.deploymentOf(instance) }))
  }

  async uses(placement: PlacementRef): Promise<string[]> {
    const { records } = this.#tools
    await records.open()
    return records.foldersOf(this.#left.get(placement.service) ?? (await this.#of(placement)))
  }

  async *watch(signal: AbortSignal): AsyncGenerator<RuntimeChange, void> {
    const { records } = this.#tools
    await records.open()
    const changes = this.#retold.with((end) => watchContainers(this.#tools, end), signal)
    for await (const change of changes)
      yield 'instance' in change ? { ...change, deployment: records.deploymentOf(change) } : change
  }

  async #turn<T>(service: string, work: () => Promise<T>): Promise<T> {
    await this.#tools.records.open()
    await this.#oneOffs.sweep()
    const noted = () => {
      this.#left.delete(service)
      return this.#tools.applied.work(service, work)
    }
    const turn = (this.#turns.get(service) ?? Promise.resolve()).then(noted, noted)
    this.#turns.set(service, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(service) === turn) this.#turns.delete(service)
    }
  }

  async #of(placement: PlacementRef): Promise<Owned[]> {
    const all = await this.#tools.engine.containers(labelsOfPlacement(placement))
    return all.flatMap((each) =>
      found(each).map((instance) => ({
        ...instance,
        running: isUp(each),
        trial: each.Names.some(isOnTrial),
        labels: each.Labels ?? {},
      })),
    )
  }

  /** Milliseconds between SIGTERM and SIGKILL, as they were declared when it was started. */
  async #grace(instance: string): Promise<number> {
    const { Config } = await this.#tools.engine.inspect(instance).catch((error: unknown) => {
      if (isFault(error, 'missing')) return { Config: { StopTimeout: 0 } }
      throw error
    })
    return (Config.StopTimeout ?? 10) * 1_000
  }
}

function found({ Id, Labels }: ContainerSummary): FoundInstance[] {
  const instance = instanceOf(Id, Labels)
  return instance ? [instance] : []
}
