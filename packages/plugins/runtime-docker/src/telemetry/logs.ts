import { Bell, closeSources, lastOf, LiveLines, mergeLines, sourceOf } from '@longshore/core'
import type { Clock, LineSource, LogFrame, LogQuery } from '@longshore/core'
import type { Engine } from '../client.js'
import { labelsOfPlacement } from '../container/labels.js'
import { Follower, readOnce } from './follow.js'
import type { HostContainers, Told } from './host-containers.js'
import { Readers } from './reader.js'

/** Reads the logs of a service's containers as one: what is kept in time order, then what comes as it comes. */
export class DockerLogs {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #there: HostContainers
  readonly #readers: Readers

  constructor({ engine, clock, containers }: { engine: Engine; clock: Clock; containers: HostContainers }) {
    this.#engine = engine
    this.#clock = clock
    this.#there = containers
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
      moved: moves.heard.bind(moves, 'moved'),
      ended: (id: string, end: AbortSignal) =>
        this.#there.isUp(id) ? moves.heard('ended', id, end) : Promise.resolve(),
      // Who asks for all of it keeps it; who asks for the last lines only looks.
      unread: query.tail === undefined ? this.#engine.unread : undefined,
    }
    const live = new LiveLines(signal)
    const known = new Set<string>()
    let begun = false
    const add = (id: string) => {
      if (!begun || known.has(id) || (query.instance ?? id) !== id) return moves.tell('moved', id)
      known.add(id)
      live.add(new Follower(tools, id, { ...query, tail: undefined }, signal).frames())
    }
    const told: Told = ({ instance, service, host, up }, what) => {
      if (service !== query.service || host !== query.host) return
      if (!up) moves.tell('ended', instance)
      if (what !== 'ended') add(instance)
    }
    await this.#there.follow(told, signal)
    const ids = this.#there
      .of(query)
      .flatMap(({ instance: id }) => ((query.instance ?? id) === id ? [id] : []))
    for (const id of ids) known.add(id)
    begun = true
    const sources = ids.map((id) => sourceOf(new Follower(tools, id, query, signal).frames()))
    try {
      yield* inOrder(query, sources)
      for (const { frames, done } of sources) if (!done) live.add(frames)
      yield* live.frames()
    } finally {
      closeSources(sources)
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

type Move = 'moved' | 'ended'

/** Wakes those who wait for a container to be started or removed, or to end. */
class Moves {
  readonly #bells = new Map<string, Bell>()

  tell(what: Move, id: string): void {
    this.#bells.get(`${what} ${id}`)?.ring()
  }

  heard(what: Move, id: string, signal: AbortSignal): Promise<void> {
    const bell = this.#bells.get(`${what} ${id}`) ?? new Bell()
    this.#bells.set(`${what} ${id}`, bell)
    return bell.heard(signal)
  }
}
