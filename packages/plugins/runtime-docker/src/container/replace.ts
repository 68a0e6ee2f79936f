import { describeError } from '@longshore/core'
import type { ApplyContext, Plan } from '@longshore/core'
import type { ContainerRun } from '../config.js'
import { checkPolicy } from '../policy.js'
import type { Kind, Owned, Tools } from '../runtime.js'
import { bodyOf } from './body.js'
import { labelsOfPlacement } from './labels.js'
import { untilWell } from './trial.js'

/** Where one kind of service gets its image: answers its id. */
export type ImageSource<Run> = (plan: Plan<Run>, context: ApplyContext) => Promise<string>

/** A service that is one container: the new one is started beside the old one where their ports allow it. */
export class OneContainer<Run extends ContainerRun> implements Kind<Run> {
  readonly #tools: Tools
  readonly #image: ImageSource<Run>

  constructor(tools: Tools, image: ImageSource<Run>) {
    this.#tools = tools
    this.#image = image
  }

  async apply(plan: Plan<Run>, owned: Owned[], context: ApplyContext): Promise<void> {
    const { engine, config } = this.#tools
    const olds = owned.filter(({ deployment }) => deployment !== plan.deployment)
    const same = owned.find(({ deployment, running }) => deployment === plan.deployment && running)
    if (!same) {
      checkPolicy(plan.run, config)
      // What an apply that was broken off left under this deployment's name.
      for (const { instance, deployment } of owned)
        if (deployment === plan.deployment) await engine.remove(instance)
      await this.#replace(plan, olds, context)
    }
    for (const { instance } of olds) {
      await engine.stop(instance, plan.run.grace)
      await engine.remove(instance)
    }
  }

  /** Brings the new one up; when that fails it is removed, and an old one that had to make room is started again. */
  async #replace(plan: Plan<Run>, olds: Owned[], context: ApplyContext): Promise<void> {
    const { engine } = this.#tools
    const { signal, output, secret } = context
    const image = await this.#image(plan, context)
    await this.#networks(plan)
    const body = await bodyOf(plan, image, secret)
    signal.throwIfAborted()
    const id = await engine.create(body)
    const stopped: Owned[] = []
    try {
      for (const network of plan.run.networks.slice(1)) await engine.connect(network, id, plan.service)
      for (const old of await this.#inTheWay(plan, olds)) {
        await output.write(
          'note',
          'the old container is stopped first: it has a port that the new one wants\n',
        )
        stopped.push(old)
        await engine.stop(old.instance, plan.run.grace)
      }
      signal.throwIfAborted()
      await engine.start(id)
      await untilWell(engine, id, { service: plan.service, clock: this.#tools.clock, output, signal })
    } catch (error) {
      await engine.remove(id)
      const over = describeError(signal.reason).code === 'DEPLOYMENT_STOPPED'
      if (!over) for (const { instance } of stopped) await engine.start(instance)
      throw error
    }
  }

  async #networks({ run, service, host }: Plan<Run>): Promise<void> {
    const { engine } = this.#tools
    for (const name of run.networks)
      if (!(await engine.hasNetwork(name)))
        await engine.makeNetwork(name, labelsOfPlacement({ service, host }))
  }

  /** Those of the running ones that publish a port which the new one wants. */
  async #inTheWay({ run }: Plan<Run>, olds: Owned[]): Promise<Owned[]> {
    const wanted = new Set(
      run.ports.filter(({ host }) => host !== 0).map(({ host, protocol }) => `${host}/${protocol}`),
    )
    const found: Owned[] = []
    for (const old of wanted.size > 0 ? olds : []) {
      if (!old.running) continue
      const { HostConfig } = await this.#tools.engine.inspect(old.instance)
      const taken = Object.entries(HostConfig.PortBindings ?? {}).flatMap(([key, bindings]) =>
        (bindings ?? []).map(({ HostPort }) => `${HostPort}/${key.split('/')[1]}`),
      )
      if (taken.some((port) => wanted.has(port))) found.push(old)
    }
    return found
  }
}
