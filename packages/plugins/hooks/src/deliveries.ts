import { isKind, type Event } from '@longshore/core/protocol'
import type { Delivery } from './protocol.js'

/** How many are kept, of those whose sender is known and of the others: strangers push none of the first out. */
const kept = { known: 500, unknown: 100 }

/** What came lately, in memory: strangers may send as much as they like, and none of it is written down. */
export class Deliveries {
  readonly #known: Delivery[] = []
  readonly #unknown: Delivery[] = []

  add(delivery: Delivery, isKnown: boolean): void {
    const list = isKnown ? this.#known : this.#unknown
    list.push(delivery)
    if (list.length > (isKnown ? kept.known : kept.unknown)) list.shift()
  }

  /** Newest first. */
  list(): Delivery[] {
    const byTime = (a: Delivery, b: Delivery) => (a.id < b.id ? 1 : -1)
    return [...this.#known, ...this.#unknown].sort(byTime)
  }

  /** Those about services that are seen, and of these no word about others; who knocked in vain is for who sees all. */
  seenBy(sees: (service: string) => boolean): Delivery[] {
    return this.list().flatMap((delivery) => {
      const services = delivery.services.filter(sees)
      if (services.length === 0) return []
      const { service, ...rest } = delivery
      const named = service !== undefined && sees(service) ? { service } : {}
      return [{ ...rest, ...named, services, led: delivery.led.filter((each) => sees(each.service)) }]
    })
  }

  /** Adds to the delivery that led to it what has happened. */
  note(event: Event): void {
    const { service, commit, actor, deployment } = event
    if (!service || !commit || (actor.kind !== 'webhook' && actor.kind !== 'token')) return
    const isBy = ({ forge, token }: Delivery) =>
      actor.kind === 'token' ? token === actor.name : token === undefined && forge === actor.name
    if (isKind(event, 'commit.seen', 'commit.skipped')) {
      const led = this.#known.findLast((each) => isBy(each) && each.services.includes(service))
      if (led && !led.led.some((each) => each.service === service)) led.led.push({ service, commit })
    } else if (isKind(event, 'deployment.queued')) {
      const all = this.#known.flatMap(({ led }) => led)
      const one = all.findLast((each) => each.service === service && each.commit === commit)
      if (one && deployment) one.deployment ??= deployment
    }
  }
}
