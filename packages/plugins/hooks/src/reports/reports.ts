import { servicesOf } from '@longshore/core'
import type { Clock, CommitStatus, Config, Forge, Logger, Secrets } from '@longshore/core'
import { isKind, type Event, type EventOf } from '@longshore/core/protocol'
import type { HooksConfig } from '../config.js'
import { repositoryPath } from './repository.js'
import { Sender } from './sender.js'

export interface ReportsParts {
  section: HooksConfig
  forges: ReadonlyMap<string, Forge>
  config: Config
  secrets: Secrets
  clock: Clock
  log: Logger
}

/** Tells forges what comes of commits, where a token and an API are configured. */
export class Reports {
  readonly #parts: ReportsParts
  readonly #senders = new Map<string, Sender>()
  readonly #life = new AbortController()

  constructor(parts: ReportsParts) {
    this.#parts = parts
  }

  stop(): void {
    this.#life.abort()
  }

  /** Of all that happens, what a forge is told of. */
  note(event: Event): void {
    if (!isKind(event, 'deployment.queued', 'deployment.settled')) return
    const { service = '', commit: sha, host, deployment } = event
    const source = servicesOf(this.#parts.config.current()).get(service)?.source
    if (!source || sha === undefined) return
    for (const [kind, { api, token } = {}] of Object.entries(this.#parts.section)) {
      const repository = api && token && repositoryPath(source.url, api)
      if (!repository) continue
      const link = this.#linkTo(deployment)
      const about = { repository, sha, context: `longshore/${host}/${service}`, ...(link && { link }) }
      this.#senderOf(kind)?.tell({ ...about, ...wordsOf(event) })
    }
  }

  #senderOf(kind: string): Sender | undefined {
    const { section, forges, secrets, clock, log } = this.#parts
    const { api, token } = section[kind] ?? {}
    const forge = forges.get(kind)
    if (!forge?.report || !api || !token) return undefined
    const send = async (status: CommitStatus, signal: AbortSignal) =>
      forge.report!(status, { api, token: await secrets.open(token, signal) }, signal)
    const known = this.#senders.get(kind)
    const sender = known ?? new Sender(send, clock, log.child({ forge: kind }), this.#life.signal)
    this.#senders.set(kind, sender)
    return sender
  }

  /** Only under an address that the config names: that of loopback is nobody's elsewhere. */
  #linkTo(deployment: string | undefined): string | undefined {
    const { web } = this.#parts.config.current() as { web?: { url?: URL } }
    return web?.url && deployment && new URL(`/api/v1/deployments/${deployment}`, web.url).href
  }
}

/** Codes, not reasons: what a command printed may stand in those, and a forge may be public. */
function wordsOf(
  event: Event & EventOf<'deployment.queued' | 'deployment.settled'>,
): Pick<CommitStatus, 'state' | 'description'> {
  const { host } = event
  if (isKind(event, 'deployment.queued'))
    return { state: 'pending', description: `being deployed on ${host}` }
  const { outcome, code } = (event as EventOf<'deployment.settled'>).data
  if (outcome === 'kept' && code === undefined) return { state: 'success', description: `runs on ${host}` }
  const because = code === undefined ? '' : `: ${code}`
  return { state: 'failure', description: `${outcome} on ${host}${because}` }
}
