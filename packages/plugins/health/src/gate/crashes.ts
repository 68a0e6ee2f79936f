import type { Journal, Plan } from '@longshore/core'
import { isKind, type Event, type EventOf } from '@longshore/core/protocol'

/** What an instance's end says about its deployment. */
export interface Crash {
  code: 'INSTANCE_CRASHED' | 'CRASH_LOOP'
  reason: string
}

/** Milliseconds after which an instance that ended is not expected to be back: engines tell late that they start it again. */
const doubt = 1_000

interface Ended {
  /** Events that told of it. */
  exits: Set<number>
  /** Why it is gone, while it is. */
  gone?: { reason: string; at: number }
}

/** Follows the ends of one deployment's instances: one that is started again may happen, a second one may not. */
export class Crashes {
  readonly #plan: Plan
  readonly #now: () => number
  /** A job's end is no crash. */
  readonly #job: boolean
  readonly #ended = new Map<string, Ended>()
  #loop: string | undefined

  /** `now`: monotonic milliseconds. */
  constructor(plan: Plan, now: () => number) {
    this.#plan = plan
    this.#now = now
    this.#job = isJob(plan.run)
  }

  get crash(): Crash | undefined {
    if (this.#loop !== undefined) return { code: 'CRASH_LOOP', reason: this.#loop }
    const long = this.#now() - doubt
    const gone = [...this.#ended.values()].find((each) => each.gone !== undefined && each.gone.at <= long)
    return gone && { code: 'INSTANCE_CRASHED', reason: `${gone.gone!.reason} and is not started again` }
  }

  /** What has happened since the deployment's first event. */
  async recall(journal: Journal, first: number): Promise<void> {
    const { service, deployment } = this.#plan
    for (let after: number | undefined = first; after !== undefined;) {
      const page = await journal.read({ service, deployment, after, limit: 500 })
      for (const event of page.events) this.hear(event)
      after = page.next
    }
  }

  hear(event: Event): void {
    if (event.deployment !== this.#plan.deployment || this.#job) return
    if (isKind(event, 'instance.started')) delete this.#of(event.data.instance).gone
    else if (isKind(event, 'instance.lost'))
      this.#of(event.data.instance).gone = {
        reason: `${called(event.data)} is gone (${event.data.reason})`,
        at: -Infinity,
      }
    else if (isKind(event, 'instance.exited')) this.#exited(event.seq, event.data)
  }

  #exited(seq: number, exit: EventOf<'instance.exited'>['data']): void {
    const ended = this.#of(exit.instance)
    const { restartIn, exitCode } = exit
    const reason = `${called(exit)} ended ${ending(exit)}`
    ended.exits.add(seq)
    // What ends well and stays away had a task, and has done it.
    if (restartIn === undefined && exitCode !== 0) ended.gone ??= { reason, at: this.#now() }
    else if (restartIn !== undefined && ended.exits.size > 1) this.#loop ??= `${reason}, for the second time`
  }

  #of(instance: string): Ended {
    const known = this.#ended.get(instance) ?? { exits: new Set() }
    this.#ended.set(instance, known)
    return known
  }
}

/** A command without `keepAlive` has done its work when it is applied. */
export function isJob(run: unknown): boolean {
  const { kind, keepAlive } = run as { kind?: unknown; keepAlive?: unknown }
  return kind === 'command' && keepAlive !== true
}

function called({ instance, name }: { instance: string; name?: string }): string {
  return `the instance ${name ?? instance.slice(0, 12)}`
}

function ending({
  exitCode,
  signal,
  reason,
}: {
  exitCode: number | null
  signal: string | null
  reason?: string
}) {
  const how =
    signal !== null ? `by ${signal}` : exitCode !== null ? `with exit code ${exitCode}` : 'nobody saw how'
  return reason === undefined ? how : `${how} (${reason})`
}
