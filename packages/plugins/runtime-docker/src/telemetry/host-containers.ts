import { within } from '@longshore/core'
import type { FoundInstance, PlacementRef } from '@longshore/core'
import { instanceOf, labelsOfHost } from '../container/labels.js'
import type { Tools } from '../kind.js'
import { isUp } from '../schema.js'

/** Milliseconds that the engine may take to say what there is when somebody begins to follow. */
export const listing = 30_000
/** Milliseconds before the engine's events are asked for again. */
const pause = 500
const telling = { type: ['container'], event: ['start', 'die', 'destroy'] }

/** A container of ours that has run. */
export interface HostContainer extends FoundInstance {
  up: boolean
}

/** `seen`: it is there after the engine was away, or was not known before. */
export type Told = (container: HostContainer, what: 'started' | 'ended' | 'removed' | 'seen') => void

/**
 * The host's containers. While anybody follows, one stream of the engine's events tells what there is: an engine looks at all of
 * its containers for each list, and at all who listen for each event.
 */
export class HostContainers {
  readonly #tools: Pick<Tools, 'engine' | 'clock' | 'host'>
  readonly #there = new Map<string, HostContainer>()
  readonly #followers = new Set<Told>()
  #following = new AbortController()
  #listed: Promise<void> = Promise.resolve()

  constructor(tools: Pick<Tools, 'engine' | 'clock' | 'host'>) {
    this.#tools = tools
  }

  /** Tells what becomes of all until the signal aborts; resolves when it is known what is there. Errors: ENGINE_AWAY, at first only. */
  async follow(told: Told, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#followers.size === 0) this.#begin()
    this.#followers.add(told)
    const leave = () => {
      if (this.#followers.delete(told) && this.#followers.size === 0) this.#following.abort()
    }
    signal.addEventListener('abort', leave, { once: true })
    await within(listing, 'to list the containers', () => this.#listed, signal)
  }

  /** Those of a placement, while anybody follows. */
  of({ service, host }: PlacementRef): HostContainer[] {
    return [...this.#there.values()].filter((each) => each.service === service && each.host === host)
  }

  isUp(id: string): boolean {
    return this.#there.get(id)?.up ?? false
  }

  #begin(): void {
    this.#there.clear()
    this.#following = new AbortController()
    const { signal } = this.#following
    this.#listed = new Promise((resolve, reject) => void this.#follow(signal, resolve, reject))
    // Whoever asked may be gone before it fails.
    this.#listed.catch(() => undefined)
  }

  /** Over restarts of the engine: each time it answers it is asked once what there is, and its events tell the rest. */
  async #follow(signal: AbortSignal, listed: () => void, failed: (error: unknown) => void): Promise<void> {
    const { engine, clock, host } = this.#tools
    while (!signal.aborted) {
      try {
        const events = await engine.events(labelsOfHost(host), signal, telling)
        await this.#list(signal)
        listed()
        for await (const { Action, Actor } of events)
          this.#take(Action, instanceOf(Actor.ID, Actor.Attributes))
      } catch (error) {
        // The engine is away: what happened meanwhile is found when it is back.
        failed(error)
      }
      await clock.sleep(pause, signal).catch(() => undefined)
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { engine, host } = this.#tools
    const all = await engine.containers(labelsOfHost(host), signal)
    const gone = new Set(this.#there.keys())
    for (const each of all) {
      const found = each.State !== 'created' && instanceOf(each.Id, each.Labels)
      if (!found) continue
      gone.delete(each.Id)
      this.#tell({ ...found, up: isUp(each) }, 'seen')
    }
    for (const id of gone) this.#tell({ ...this.#there.get(id)!, up: false }, 'removed')
  }

  #take(action: string, found: FoundInstance | undefined): void {
    if (!found) return
    if (action === 'start') this.#tell({ ...found, up: true }, 'started')
    if (action === 'die') this.#tell({ ...found, up: false }, 'ended')
    if (action === 'destroy') this.#tell({ ...found, up: false }, 'removed')
  }

  #tell(container: HostContainer, what: Parameters<Told>[1]): void {
    if (what === 'removed') this.#there.delete(container.instance)
    else this.#there.set(container.instance, container)
    for (const told of this.#followers) told(container, what)
  }
}
