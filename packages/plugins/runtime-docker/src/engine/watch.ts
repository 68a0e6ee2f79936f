import { describeError } from '@longshore/core'
import type { Clock, FoundInstance, RuntimeChange } from '@longshore/core'
import type { Engine } from '../client.js'
import { instanceOf, labelsOfHost } from '../container/labels.js'
import { isUp, type EngineEvent } from '../schema.js'

/** Milliseconds before a lost engine is asked again: doubled each time. */
const pauses = { first: 500, longest: 30_000 }

/**
 * Tells what becomes of the host's containers, over restarts of the engine: each time it is there, what is up is compared
 * with what was known to be up, so that nothing is told twice and nothing that happened meanwhile is missed.
 */
export async function* watchContainers(
  { engine, clock, host }: { engine: Engine; clock: Clock; host: string },
  signal: AbortSignal,
): AsyncGenerator<RuntimeChange> {
  const watch = new Watch(engine)
  let [pause, away] = [pauses.first, false]
  while (!signal.aborted) {
    try {
      const events = await engine.events(labelsOfHost(host), signal)
      const containers = await engine.containers(labelsOfHost(host), signal)
      if (away) yield { kind: 'back', engine: 'docker' }
      ;[pause, away] = [pauses.first, false]
      yield* watch.compare(containers)
      for await (const event of events) yield* watch.take(event)
    } catch (error) {
      if (signal.aborted) return
      if (!away) yield { kind: 'away', engine: 'docker', ...describeError(error) }
      away = true
    }
    await clock.sleep(pause, signal).catch(() => undefined)
    pause = Math.min(pause * 2, pauses.longest)
  }
}

class Watch {
  readonly #engine: Engine
  /** What is known to be up, by its id. */
  readonly #up = new Map<string, FoundInstance>()
  #first = true

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** What differs from what was known. */
  async *compare(containers: Awaited<ReturnType<Engine['containers']>>): AsyncGenerator<RuntimeChange> {
    const adopted = this.#first
    this.#first = false
    const there = new Set<string>()
    for (const container of containers) {
      const instance = instanceOf(container.Id, container.Labels)
      if (!instance || !isUp(container)) continue
      there.add(container.Id)
      if (!this.#up.has(container.Id)) yield this.#started(instance, adopted)
    }
    for (const [id, instance] of this.#up) {
      if (there.has(id)) continue
      if (containers.some(({ Id }) => Id === id)) yield* this.#exited(instance)
      else yield this.#lost(instance, 'it was removed while nobody watched')
    }
  }

  async *take({ Action, Actor: { ID, Attributes } }: EngineEvent): AsyncGenerator<RuntimeChange> {
    const instance = instanceOf(ID, Attributes)
    if (!instance) return
    if (Action === 'start' && !this.#up.has(ID)) yield this.#started(instance, false)
    else if (Action === 'die' && this.#up.has(ID))
      yield* this.#exited(instance, Number(Attributes['exitCode']))
  }

  #started(instance: FoundInstance, adopted: boolean): RuntimeChange {
    this.#up.set(instance.instance, instance)
    return { ...instance, kind: 'started', ...(adopted && { adopted }) }
  }

  async *#exited(instance: FoundInstance, code?: number): AsyncGenerator<RuntimeChange> {
    this.#up.delete(instance.instance)
    const state = await this.#engine.inspect(instance.instance).then(
      ({ State }) => State,
      () => undefined,
    )
    const exitCode = code ?? state?.ExitCode ?? null
    // The engine starts it again by the container's restart policy, after a pause of its own.
    yield { ...instance, kind: 'exited', exitCode, signal: null, ...(state?.Restarting && { restartIn: 0 }) }
  }

  #lost(instance: FoundInstance, reason: string): RuntimeChange {
    this.#up.delete(instance.instance)
    return { ...instance, kind: 'lost', reason }
  }
}
