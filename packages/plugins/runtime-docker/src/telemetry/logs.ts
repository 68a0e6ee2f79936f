import { Bell, closeSources, lastOf, LiveLines, mergeLines, sourceOf } from '@longshore/core'
import type { Clock, LineSource, LogFrame, LogQuery } from '@longshore/core'
import type { Engine } from '../client.js'
import { labelsOfPlacement } from '../container/labels.js'
import { Follower, readOnce } from './follow.js'
import { Readers } from './reader.js'

/** Milliseconds before the engine's events are asked for again. */
const pause = 500

/** Reads the logs of a service's containers as one: what is kept in time order, then what comes as it comes. */
export class DockerLogs {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #readers: Readers

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
    this.#readers = new Readers(engine)
  }

  async *read(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogFrame> {
    const left = new AbortController()
    const either = AbortSignal.any([signal, left.signal])
    let sources: LineSource[] = []
    try {
      if (query.follow) yield* this.#follow(query, either)
      else if (query.tail !== 0) {
        const ids = await this.#containers(query, either)
        sources = ids.map((id) => sourceOf(readOnce(this.#engine, id, query, either)))
        yield* inOrder(query, sources)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      left.abort()
      closeSources(sources)
    }
  }

  async *#follow(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogFrame> {
    const moves = new Moves()
    const tools = {
      engine: this.#engine,
      readers: this.#readers,
      clock: this.#clock,
      moved: moves.next.bind(moves),
      // Who asks for all of it keeps it; who asks for the last lines only looks.
      unread: query.tail === undefined ? this.#engine.unread : undefined,
    }
    const live = new LiveLines(signal)
    const known = new Set<string>()
    const events = await this.#engine.events(labelsOfPlacement(query), signal)
    const ids = await this.#containers(query, signal)
    for (const id of ids) known.add(id)
    const add = (id: string) => {
      if (known.has(id) || (query.instance ?? id) !== id) return moves.tell(id)
      known.add(id)
      live.add(new Follower(tools, id, { ...query, tail: undefined }, signal).frames())
    }
    void this.#watch(query, events, add, signal)
    const sources = ids.map((id) => sourceOf(new Follower(tools, id, query, signal).frames()))
    try {
      yield* inOrder(query, sources)
      for (const { frames, done } of sources) if (!done) live.add(frames)
      yield* live.frames()
    } finally {
      closeSources(sources)
    }
  }

  /** Tells of containers that start or go, over restarts of the engine. */
  async #watch(
    query: LogQuery,
    events: Awaited<ReturnType<Engine['events']>>,
    tell: (id: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (let now: typeof events | undefined = events; !signal.aborted; now = undefined) {
      try {
        now ??= await this.#engine.events(labelsOfPlacement(query), signal)
        if (now !== events) for (const id of await this.#containers(query, signal)) tell(id)
        for await (const { Action, Actor } of now)
          if (Action === 'start' || Action === 'destroy') tell(Actor.ID)
      } catch {
        // The engine is away: what it started or removed meanwhile is found when it is back.
      }
      await this.#clock.sleep(pause, signal).catch(() => undefined)
    }
  }

  /** Those of the placement that have ever run. */
  async #containers(query: LogQuery, signal: AbortSignal): Promise<string[]> {
    const all = await this.#engine.containers(labelsOfPlacement(query), signal)
    return all
      .filter(({ Id, State }) => State !== 'created' && (query.instance ?? Id) === Id)
      .map(({ Id }) => Id)
  }
}

function inOrder({ tail }: LogQuery, sources: Parameters<typeof mergeLines>[0]): AsyncIterable<LogFrame> {
  return tail === undefined ? mergeLines(sources) : lastOf(tail, mergeLines(sources))
}

/** Wakes those who wait for a container to be started or removed. */
class Moves {
  readonly #bells = new Map<string, Bell>()

  tell(id: string): void {
    this.#bells.get(id)?.ring()
  }

  next(id: string, signal: AbortSignal): Promise<void> {
    const bell = this.#bells.get(id) ?? new Bell()
    this.#bells.set(id, bell)
    return bell.heard(signal)
  }
}
