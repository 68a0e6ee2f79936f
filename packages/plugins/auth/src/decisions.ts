import type { Ask, Caller, Clock, Grant, Journal, Logger } from '@longshore/core'
import { ServiceName } from '@longshore/core/protocol'

/**
 * Milliseconds for which refusals of one kind are one event, and kinds that are counted apart meanwhile. Strangers make few:
 * whoever knocks for months must not push out what the journal holds.
 */
const gather = {
  known: { time: 60_000, most: 1_000 },
  strangers: { time: 600_000, most: 300 },
}
type Who = keyof typeof gather

interface Gathered {
  refusal: () => Parameters<Journal['record']>[0]
  times: number
  since: number
}

interface Parts {
  journal: Journal
  clock: Clock
  log: Logger
}

interface Decision {
  what: string
  rule: string
  right?: string | undefined
  from?: string | undefined
  about?: string | undefined
}

/** Writes down who was let in to what, and who was not: the audit log is the journal. */
export class Decisions {
  readonly #parts: Parts
  readonly #refused: Record<Who, Map<string, Gathered>> = { known: new Map(), strangers: new Map() }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Resolves when it is durable: what cannot be written down is not done. */
  async granted(actor: Caller['actor'], decision: Decision, service?: string): Promise<void> {
    await this.#parts.journal.record({ kind: 'access.granted', actor, service, data: decision })
  }

  /** The first of a kind at once; those that follow soon are counted, and told together. */
  async refused(
    { actor, id, from }: Pick<Caller, 'actor' | 'id' | 'from'>,
    { what, right, service }: Pick<Ask, 'what' | 'service'> & { right?: string },
    { rule, code, reason }: Grant & { ok: false },
  ): Promise<void> {
    const { clock } = this.#parts
    const decision = { what, rule, right, from, code, reason }
    const who = actor.kind === 'nobody' ? 'strangers' : 'known'
    // A stranger may name what there is not: no event is about that.
    const about = who === 'known' && ServiceName.safeParse(service).success ? service : undefined
    const key = [id, from, what, about, code, reason].join(' ')
    const event = (times?: number) => {
      return { kind: 'access.refused', actor, service: about, data: { ...decision, times } }
    }
    const refused = this.#refused[who]
    const isFull = refused.size >= gather[who].most
    const known = refused.get(key) ?? (isFull ? refused.get('others') : undefined)
    if (known) return void known.times++
    const gathered: Gathered = { times: 0, since: clock.monotonic(), refusal: () => event(gathered.times) }
    refused.set(isFull ? 'others' : key, gathered)
    await this.#write(event())
  }

  /** Tells what was gathered; called each half minute, and at the end. */
  async flush(all = false): Promise<void> {
    const { clock } = this.#parts
    for (const who of ['known', 'strangers'] as const) {
      for (const [key, gathered] of this.#refused[who]) {
        if (!all && clock.monotonic() - gathered.since < gather[who].time) continue
        this.#refused[who].delete(key)
        if (gathered.times > 0) await this.#write(gathered.refusal())
      }
    }
  }

  /** A refusal holds also when it cannot be written down. */
  async #write(event: Parameters<Journal['record']>[0]): Promise<void> {
    await this.#parts.journal
      .record(event)
      .catch((error: unknown) => this.#parts.log.error({ error }, 'a refusal could not be recorded'))
  }
}
