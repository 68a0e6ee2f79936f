import { AwayError, describeError } from '@longshore/core'
import type { ApplyContext, Exit, Plan, Secret } from '@longshore/core'
import type { Preview } from '@longshore/core/protocol'
import { ignore } from '../client.js'
import type { ContainerRun } from '../config.js'
import { containerFault, serviceMissing } from '../errors.js'
import { dropImage, keepImage } from '../image/keep.js'
import type { FoundImage, ImageSource } from '../image/source.js'
import { checkPolicy, policyHost } from '../policy.js'
import { kept } from '../kind.js'
import type { Applied, Kind, Owned, Tools } from '../kind.js'
import { bodyOf, nameOf } from './body.js'
import type { OneOffCommand } from '../kind.js'
import { runOneOff } from './one-off.js'
import { previewOf } from './preview.js'
import { resolvedOf } from './resolved.js'
import { lastWords } from './last-words.js'
import { aliasesIn, joinNetwork, makeNetworks } from './networks.js'
import { tidy } from './tidy.js'
import { untilWell } from './trial.js'
import { makeVolumes } from './volumes.js'
import { whyInTheWay } from './in-the-way.js'

/**
 * A service that is one container: the new one is started beside the old one where that can be.
 *
 * A container is on trial, and its name says so, until it is well. That name is what a crash leaves to know by: a container
 * on trial means that a replacement was broken off, so that the old one may stand still only because it had to make room.
 */
export class OneContainer<Run extends ContainerRun> implements Kind<Run> {
  readonly #tools: Tools
  readonly #image: ImageSource<Run>

  constructor(tools: Tools, image: ImageSource<Run>) {
    this.#tools = tools
    this.#image = image
  }

  async apply(plan: Plan<Run>, owned: Owned[], context: ApplyContext): Promise<Applied> {
    const { engine } = this.#tools
    const same = owned.find(({ deployment }) => deployment === plan.deployment)
    const others = owned.filter((each) => each !== same)
    const { id, image } = await new Replacement(this.#tools, this.#image, plan, context).run(same, others)
    for (const { instance } of others) await engine.retire(instance, plan.run.grace)
    // With nothing replaced, nothing is left over.
    if (others.length > 0) await tidy(this.#tools, plan)
    const images = { [image.declared]: image.used }
    const env = [...Object.keys(plan.run.env), ...Object.keys(plan.env)].sort()
    return { made: { images, env, ...kept(resolvedOf(plan.run)) }, only: id }
  }

  async preview(plan: Plan<Run>, owned: Owned[], context: ApplyContext): Promise<Preview> {
    checkPolicy(plan.run, policyHost(this.#tools))
    const image = await this.#image.foresee(this.#tools.engine, plan, imageUsed(plan))
    const first = [...owned].sort((a, b) => Number(a.trial) - Number(b.trial) || lastKept(a, b))
    return previewOf(this.#tools, plan, { owned: first, image, context })
  }

  async run(command: OneOffCommand<Run>, _owned: Owned[], context: ApplyContext): Promise<Exit> {
    const { service, run, in: place } = command
    if (place.service !== undefined) throw serviceMissing(service, place.service, [])
    checkPolicy(run, policyHost(this.#tools))
    const image = await this.#image.bring(this.#tools.engine, command, imageUsed(command), context)
    return runOneOff(this.#tools, command, image, context)
  }
}

/** One container has one image, also when the declaration called it by another name then. */
function imageUsed({ made }: Plan): string | undefined {
  const used = Object.values(made?.images ?? {})
  return used.length === 1 ? used[0] : undefined
}

/** One try to bring a new container up in place of the others. */
class Replacement<Run extends ContainerRun> {
  readonly #tools: Tools
  readonly #image: ImageSource<Run>
  readonly #plan: Plan<Run>
  readonly #context: ApplyContext
  /** The values of secrets that the new container was given. */
  readonly #secrets: string[] = []
  /** To be started again when this fails. */
  readonly #back = new Set<string>()
  /** The new container, once it is made. */
  #id: string | undefined

  constructor(tools: Tools, image: ImageSource<Run>, plan: Plan<Run>, context: ApplyContext) {
    this.#tools = tools
    this.#image = image
    this.#plan = plan
    this.#context = context
  }

  /** Resolves when it is well, and the others may go. */
  async run(same: Owned | undefined, others: Owned[]): Promise<{ id: string; image: FoundImage }> {
    const [old, ...older] = others.filter(({ trial }) => !trial).sort(lastKept)
    const broken = [same, ...others].some((each) => each?.trial)
    if (broken && old && !old.running) this.#back.add(old.instance)
    // What tries before this one left behind; of a project, all containers of one deployment belong together.
    const left = others
      .filter((each) => each.trial || older.includes(each))
      .filter(({ deployment }) => deployment !== old?.deployment)
    try {
      const image = await this.#found(same)
      if (!same?.running) await this.#start(same, image, others)
      const id = (this.#id ??= same!.instance)
      if (!same?.running || same.trial) await this.#prove(id, image.probed)
      return { id, image }
    } catch (error) {
      const fault = containerFault(error, this.#plan.service)
      if (!(fault instanceof AwayError)) await this.#goBack(left)
      throw fault
    }
  }

  /** The image of what runs already, else the one that shall run. */
  async #found(same: Owned | undefined): Promise<FoundImage> {
    const { engine } = this.#tools
    const { run } = this.#plan
    if (same?.running) {
      const { Image } = await engine.inspect(same.instance)
      return this.#image.bring(engine, this.#plan, Image, this.#context)
    }
    checkPolicy(run, policyHost(this.#tools))
    return this.#image.bring(engine, this.#plan, imageUsed(this.#plan), this.#context)
  }

  async #start(same: Owned | undefined, image: FoundImage, others: Owned[]): Promise<void> {
    const { engine } = this.#tools
    const plan = this.#plan
    const { signal } = this.#context
    await keepImage(engine, plan, image)
    await makeNetworks(engine, plan)
    await makeVolumes(engine, plan)
    const body = await bodyOf(plan, image.id, (reference) => this.#open(reference))
    signal.throwIfAborted()
    // One that was broken off is taken up: were it removed, nothing would tell any more that something made room for it.
    const id = (this.#id = same?.instance ?? (await engine.create(body)))
    for (const network of plan.run.networks.slice(1))
      await joinNetwork(engine, network, id, aliasesIn(network, plan.service)).catch(ignore('forbidden'))
    await this.#makeRoom(others)
    signal.throwIfAborted()
    await engine.start(id)
  }

  async #open(reference: { secret: string }): Promise<Secret> {
    const secret = await this.#context.secret(reference)
    this.#secrets.push(secret.open())
    return secret
  }

  /** Stops those that cannot stay beside the new one. */
  async #makeRoom(others: Owned[]): Promise<void> {
    const { engine } = this.#tools
    for (const { instance, running, trial } of others) {
      const why = running && whyInTheWay(this.#plan.run, await engine.inspect(instance))
      if (!why) continue
      await this.#note(`the old container is stopped first: ${why}`)
      if (!trial) this.#back.add(instance)
      await engine.stop(instance, this.#plan.run.grace)
    }
  }

  /** Waits until it is well; from then on its name says so. One that gets healthy may be busy with it, and keeps its place. */
  async #prove(id: string, imageProbed: boolean): Promise<void> {
    const { engine, clock } = this.#tools
    const { service, run } = this.#plan
    const probed = imageProbed || run.healthcheck !== undefined
    const prove = async () => {
      await untilWell(engine, id, { ...this.#context, service, clock, probed }).catch(
        async (error: unknown) => {
          await this.#tell(id)
          throw error
        },
      )
      await engine.rename(id, nameOf(this.#plan))
    }
    await (probed ? prove() : this.#context.aside(prove))
  }

  /** What it printed last is for the record of the deployment; what it was given in secret is not. */
  async #tell(id: string): Promise<void> {
    const words = await lastWords(this.#tools.engine, id).catch(() => '')
    const text = this.#secrets
      .filter(Boolean)
      .reduce((all, value) => all.replaceAll(value, '[secret]'), words)
    if (text) await this.#note(`the new container printed last:\n${text.trimEnd()}`)
  }

  /** The new one goes, and what had to make room for it, now or in a try that was broken off, is back. */
  async #goBack(left: Owned[]): Promise<void> {
    const { engine } = this.#tools
    const { signal } = this.#context
    const over = describeError(signal.reason).code === 'DEPLOYMENT_STOPPED'
    const news = [...(this.#id === undefined ? [] : [this.#id]), ...left.map(({ instance }) => instance)]
    try {
      // Removed only when the old one is back: until then their names tell of the try.
      for (const id of news) await engine.stop(id, Math.min(this.#plan.run.grace, patience))
      if (!over) for (const id of this.#back) await engine.start(id)
      for (const id of news) await engine.remove(id)
      await dropImage(engine, this.#plan)
    } catch (error) {
      if (error instanceof AwayError) throw error
      await this.#note(`the old container could not be brought back: ${describeError(error).reason}`)
    }
  }

  #note(text: string): Promise<void> {
    return this.#context.output.write('note', `${text}\n`)
  }
}

/** Milliseconds that a failed container may take to end: the old one waits for its place. */
const patience = 5_000

/** What runs before what does not, then the newest. */
function lastKept(a: Owned, b: Owned): number {
  if (a.running !== b.running) return a.running ? -1 : 1
  return a.deployment < b.deployment ? 1 : -1
}
