import { randomBytes } from 'node:crypto'
import { AwayError, Commands } from '@longshore/core'
import type { ApplyContext, Command, Exit, PlacementRef } from '@longshore/core'
import { composeLabel, labelsOfCommand, labelsOfHost, label } from '../container/labels.js'
import { instanceMissing } from '../errors.js'
import type { Kind, OneOffCommand, Owned, Tools } from '../kind.js'
import { isUp, type ContainerSummary } from '../schema.js'
import { runInside } from './exec.js'
import { Marked } from './marked.js'

/** Where commands run. */
export const runs = ['instance', 'container'] as const

/** Milliseconds between SIGTERM and SIGKILL: of a kind that says nothing of it, and at most. */
const grace = { usual: 10_000, longest: 15_000 }

/** Containers that are looked at together. */
const together = 8

interface Parts {
  tools: Tools
  kinds: Readonly<Record<string, Kind>>
  /** What there is of a placement. */
  of(placement: PlacementRef): Promise<Owned[]>
  /** Takes turns with what else is done to a service. */
  turn<T>(service: string, work: () => Promise<T>): Promise<T>
}

/** Commands beside what runs: in an instance, or in a container that goes when the command has ended. */
export class OneOffs {
  readonly commands = new Commands(runs)
  readonly #parts: Parts
  /** Ids of those that are under way. */
  readonly #live = new Set<string>()
  #swept: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Errors: those of `Commands`, of the kind, INSTANCE_MISSING. */
  run(command: Command<{ kind: string; grace?: number }>, context: ApplyContext): Promise<Exit> {
    const { service, host, run } = command
    const { turn, kinds, of } = this.#parts
    return this.commands.run(command, context.signal, async (signal, began) => {
      const id = randomBytes(6).toString('hex')
      const labels = labelsOfCommand({ host, id })
      const most = Math.min(run.grace ?? grace.usual, grace.longest)
      const own: OneOffCommand<typeof run> = { ...command, id, labels, grace: most, began }
      const inside = { ...context, signal }
      const inTurn = async () => {
        signal.throwIfAborted()
        return kinds[run.kind]!.run(own, await of(command), inside)
      }
      await this.sweep()
      this.#live.add(id)
      try {
        return await (command.in.kind === 'instance' ? this.#inInstance(own, inside) : turn(service, inTurn))
      } catch (error) {
        // Nobody can tell what is left of it: that is looked at when the engine is back.
        if (error instanceof AwayError) this.#swept = undefined
        throw error
      } finally {
        this.#live.delete(id)
      }
    })
  }

  async #inInstance(command: OneOffCommand, { signal, output }: ApplyContext): Promise<Exit> {
    const { engine, clock } = this.#parts.tools
    const { service, in: place, deployment, id } = command
    const fits = ({ running, trial, labels }: Owned) =>
      running && !trial && (!place.service || labels[composeLabel.service] === place.service)
    command.began()
    const [first] = (await this.#parts.of(command)).filter(fits).sort((a, b) => rank(a, b, deployment))
    if (!first) throw instanceMissing(service, place.service)
    return runInside(command, {
      ...{ engine, clock, signal, output, id },
      container: first.instance,
      grace: command.grace,
    })
  }

  /** Once: ends and removes what the commands of an earlier Longshore left. Tried again until it succeeds. */
  sweep(): Promise<void> {
    return (this.#swept ??= this.#sweep().catch((error: unknown) => {
      this.#swept = undefined
      throw error
    }))
  }

  async #sweep(): Promise<void> {
    const { engine, host, clock, log } = this.#parts.tools
    const sweep = async (container: ContainerSummary) => {
      const id = container.Labels?.[label.command]
      if (id !== undefined) return this.#live.has(id) ? undefined : engine.remove(container.Id, true)
      if (isUp(container) && this.#live.size === 0) await new Marked(engine, container.Id, clock).endLeft()
    }
    // One that cannot be ended hinders nothing else.
    const tell = (error: unknown) => {
      if (error instanceof AwayError) throw error
      log.error({ error }, 'a command that an earlier run left could not be ended')
    }
    const all = await engine.containers(labelsOfHost(host))
    for (let at = 0; at < all.length; at += together)
      await Promise.all(all.slice(at, at + together).map((each) => sweep(each).catch(tell)))
  }
}

/** The deployment's own first, then as they are numbered. */
function rank(a: Owned, b: Owned, deployment: string): number {
  const own = ({ deployment: is }: Owned) => (is === deployment ? 0 : 1)
  const number = ({ labels }: Owned) => Number(labels[composeLabel.number] ?? 0)
  return own(a) - own(b) || number(a) - number(b)
}
