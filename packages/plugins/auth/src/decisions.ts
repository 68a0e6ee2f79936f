import type { Ask, Caller, Clock, Grant, Journal, Logger } from '@longshore/core'

/** Milliseconds for which refusals of one kind are one event, and kinds that are counted apart. */
const gather = { time: 60_000, most: 1_000 }

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
  readonly #refused = new Map<string, Gathered>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Resolves when it is durable: what cannot be written down is not done. */
  async granted(actor: Caller['actor'], decision: Decision, service?: string): Promise<void> {
    await this.#parts.journal.record({ kind: 'access.granted', actor, service, data: decision })
  }

  /** The first of a kind at once; those that follow within a minute are counted, and told together. */
  async refused(
    { actor, id, from }: Pick<Caller, 'actor' | 'id' | 'from'>,
    { what, right, service }: Pick<Ask, 'what' | 'service'> & { right?: string },
    { rule, code, reason }: Grant & { ok: false },
  ): Promise<void> {
    const { clock } = this.#parts
    const decision = { what, rule, right, from, code, reason }
    const key = [id, from, what, code, service].join(' ')
    const event = (times?: number) => {
      return { kind: 'access.refused', actor, service, data: { ...decision, times } }
    }
    const known = this.#refused.get(key) ?? this.#refused.get('others')
    if (known && (this.#refused.has(key) || this.#refused.size >= gather.most)) return void known.times++
    const name = this.#refused.size >= gather.most ? 'others' : key
    const gathered: Gathered = { times: 0, since: clock.monotonic(), refusal: () => event(gathered.times) }
    this.#refused.set(name, gathered)
    await this.#write(event())
  }

  /** Tells what was gathered; called each half minute, and at the end. */
  async flush(all = false): Promise<void> {
    const { clock } = this.#parts
    for (const [key, gathered] of this.#refused) {
      if (!all && clock.monotonic() - gathered.since < gather.time) continue
      this.#refused.delete(key)
      if (gathered.times > 0) await this.#write(gathered.refusal())
    }
  }

  /** A refusal holds also when it cannot be written down. */
  async #write(event: Parameters<Journal['record']>[0]): Promise<void> {
    await this.#parts.journal
      .record(event)
      .catch((error: unknown) => this.#parts.log.error({ error }, 'a refusal could not be recorded'))
  }
}
