import { newId, sameAddress, servicesOf } from '@longshore/core'
import type { Clock, Config, Forge, HookRequest, HookVerdict } from '@longshore/core'
import type { Actor } from '@longshore/core/protocol'
import type { HooksConfig } from './config.js'
import type { Deliveries } from './deliveries.js'
import { forgeUnknown, notPush, senderUnknown, serviceUnknownHere, tooMany } from './errors.js'
import type { Keys } from './keys.js'
import type { Looks } from './looks.js'
import { Once } from './once.js'
import type { Delivery, Taken } from './protocol.js'
import { Rate } from './rate.js'

export interface DoorParts {
  section: HooksConfig
  forges: ReadonlyMap<string, Forge>
  keys: Keys
  looks: Looks
  deliveries: Deliveries
  config: Config
  clock: Clock
}

/** Where a webhook knocked. */
export interface Knock extends HookRequest {
  forge: string
  service?: string
  /** The token that lets it in, with the right for that service; only what has no forge comes by one. */
  token?: Actor
}

type Known = Exclude<HookVerdict, { kind: 'refused' }>
/** What a token asks for. */
const asked: Known = { kind: 'look', event: 'token', repositories: [] }

type Outcome = Pick<Delivery, 'verdict' | 'status' | 'code' | 'reason' | 'services'>

/** Takes webhooks: whoever can sign has sources looked at, whoever cannot learns nothing. */
export class Door {
  readonly #parts: DoorParts
  readonly #once = new Once()
  readonly #rates = new Map<string, Rate>()

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  /** Errors: HOOK_FORGE_UNKNOWN, that of who is not known, and for those who are HOOK_MALFORMED, HOOK_TOO_MANY, HOOK_SERVICE_UNKNOWN. */
  async take(knock: Knock): Promise<Taken> {
    const { section, forges, keys, clock } = this.#parts
    if (knock.token && knock.forge === 'generic') return this.#takeKnown(knock, asked)
    const part = section[knock.forge]
    const forge = forges.get(knock.forge)
    if (!part || !forge) throw forgeUnknown()
    const { secrets, fault } = await keys.of(knock.forge, part)
    const verdict = forge.read(knock, secrets, clock.now())
    if (verdict.kind === 'refused') {
      const { code, reason } = verdict
      this.#note(knock, { verdict: 'refused', status: 401, code, reason: fault ?? reason, services: [] })
      throw senderUnknown(code)
    }
    return this.#takeKnown(knock, verdict)
  }

  #takeKnown(knock: Knock, verdict: Known): Taken {
    const { looks, clock } = this.#parts
    const refuse = (error: Error & { code: string }, status: number) => {
      const { code, message: reason } = error
      this.#note(knock, { verdict: 'refused', status, code, reason, services: [] }, verdict)
      return error
    }
    if (!this.#rateOf(knock).take(clock.monotonic())) throw refuse(tooMany(), 429)
    if (verdict.kind === 'malformed') throw refuse(notPush(verdict.reason), 400)
    const services = this.#concerned(knock, verdict)
    if (services === undefined) throw refuse(serviceUnknownHere(), 404)
    const actor = knock.token ?? { kind: 'webhook', name: knock.forge }
    const outcome = this.#outcome(knock, verdict, services)
    for (const service of outcome.services) looks.ask(service, actor)
    const { status: _, ...told } = outcome
    return { delivery: this.#note(knock, outcome, verdict), ...told }
  }

  #outcome({ forge }: Knock, verdict: Exclude<Known, { kind: 'malformed' }>, services: string[]): Outcome {
    const ignored = (code: string, reason: string): Outcome => {
      return { verdict: 'ignored', status: 202, code, reason, services: [] }
    }
    const { once } = verdict
    if (once !== undefined && !this.#once.isFirst(`${forge} ${once}`, this.#parts.clock.monotonic()))
      return ignored('HOOK_REPEATED', 'a webhook of this id came already')
    if (verdict.kind === 'nothing') return ignored(verdict.code, verdict.reason)
    if (services.length > 0) return { verdict: 'accepted', status: 202, services }
    return ignored(
      'HOOK_NOBODY_FOLLOWS',
      'no service of this host follows that branch or tag of the repository',
    )
  }

  /** The services that it may bring something; undefined when the one that it names is not here. */
  #concerned({ service }: Knock, verdict: Known): string[] | undefined {
    const here = servicesOf(this.#parts.config.current())
    if (service !== undefined && !here.has(service)) return undefined
    if (verdict.kind !== 'look') return []
    const { repositories, refs } = verdict
    return [...here.values()]
      .filter(({ name, source }) => {
        const named = service === name
        const same = named || repositories.some((each) => sameAddress(each, source.url))
        return same && (service === undefined || named) && fits(source.ref, refs)
      })
      .map(({ name }) => name)
  }

  #note(knock: Knock, outcome: Outcome, verdict?: Known): string {
    const { clock, deliveries } = this.#parts
    const id = newId(clock.now())
    const at = new Date(clock.now()).toISOString()
    const { forge, service, token } = knock
    const named = { ...(service !== undefined && { service }), ...(token?.name && { token: token.name }) }
    const { repositories: [repository] = [], refs } =
      verdict?.kind === 'look' ? verdict : { repositories: [], refs: undefined }
    const said = verdict && { event: verdict.event, ...(repository && { repository }), ...(refs && { refs }) }
    deliveries.add({ id, at, forge, ...named, ...said, ...outcome, led: [] }, verdict !== undefined)
    return id
  }

  /** Each token has its own: it uses up nobody else's. */
  #rateOf({ forge, token }: Knock): Rate {
    const key = token ? `${forge} by ${token.name}` : forge
    const rate = this.#rates.get(key) ?? new Rate()
    this.#rates.set(key, rate)
    return rate
  }
}

/** Whether what a source follows is among the refs; any are meant where none is named. */
function fits(ref: string, refs: string[] | undefined): boolean {
  return !refs || refs.some((each) => [ref, `refs/heads/${ref}`, `refs/tags/${ref}`].includes(each))
}
