import type { Ask, Caller, Gate, Grant, Identity, Knock } from '../../contracts/gate.js'
import { describeError, UnavailableError } from '../../kernel/errors.js'
import type { Right } from '../../protocol/index.js'

/** What a token of the fake opens: rights, and the services that they are limited to. */
export interface FakeHolder {
  name: string
  rights: Right[] | 'all'
  services?: string[]
  /** Shown by the cookie `fake`, as browsers do, instead of a bearer. */
  cookie?: boolean
}

/** A gate whose tokens are set by hand. It has one of an administrator from the beginning. */
export class FakeGate implements Gate {
  readonly admin = 'fake-token-of-the-administrator'
  readonly holders = new Map<string, FakeHolder>([[this.admin, { name: 'admin', rights: 'all' }]])
  readonly decisions: { caller: Caller; ask: Ask; grant: Grant }[] = []
  readonly #listeners = new Set<() => void>()
  isGuarding = true

  async who({ local, headers, from }: Knock): Promise<Caller> {
    if (local)
      return { actor: { kind: 'local', name: 'test' }, by: 'socket', id: 'local', from, holds: () => true }
    const bearer = /^Bearer (\S+)$/.exec(headers['authorization'] ?? '')?.[1]
    const cookie = /(?:^|; )fake=([^;]+)/.exec(headers['cookie'] ?? '')?.[1]
    const token = bearer ?? cookie
    const holder = this.holders.get(token ?? '')
    if (!token || !holder || holder.cookie === (bearer !== undefined)) return nobody(from)
    const actor = { kind: holder.cookie ? ('user' as const) : ('token' as const), name: holder.name }
    const by = holder.cookie ? 'cookie' : 'token'
    const holds = (right: Right, service?: string) => this.#holds(token, right, service)
    return { actor, by, id: holder.name, from, holds }
  }

  async may(caller: Caller, ask: Ask): Promise<Grant> {
    const { right, service, scoped } = ask
    const some = [...this.holders.values()].flatMap(({ services = [] }) => services)
    const isHeld = caller.holds(right, service) || (scoped && some.some((each) => caller.holds(right, each)))
    const grant: Grant = isHeld ? { ok: true, rule: 'fake' } : refusal(caller)
    this.decisions.push({ caller, ask, grant })
    return grant
  }

  changed(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  guards(): boolean {
    return this.isGuarding
  }

  async welcome(vouch: () => Promise<Identity>, { from }: Knock): Promise<Record<string, string>> {
    const { name } = await vouch().catch((error: unknown) => {
      const ask: Ask = { right: 'none', what: 'sign in by provider', changes: true }
      const { code, reason } = describeError(error)
      const grant: Grant = { ok: false, rule: 'fake', code, reason, hint: 'Let it vouch for somebody.' }
      if (!(error instanceof UnavailableError)) this.decisions.push({ caller: nobody(from), ask, grant })
      throw error
    })
    const token = `welcome-${name}`
    this.holders.set(token, { name, rights: 'all', cookie: true })
    return { 'Set-Cookie': `fake=${token}` }
  }

  /** Takes a token's rights away, as somebody does who removes it. */
  revoke(token: string): void {
    this.holders.delete(token)
    for (const listener of this.#listeners) listener()
  }

  #holds(token: string, right: Right, service?: string): boolean {
    const holder = this.holders.get(token)
    if (!holder || (holder.rights !== 'all' && !holder.rights.includes(right))) return false
    return holder.services === undefined || (service !== undefined && holder.services.includes(service))
  }
}

function nobody(from: string | undefined): Caller {
  return { actor: { kind: 'nobody' }, by: 'nothing', id: `nobody ${from}`, from, holds: () => false }
}

function refusal({ by }: Caller): Grant {
  const known = by !== 'nothing'
  return {
    ok: false,
    rule: 'fake',
    code: known ? 'FAKE_FORBIDDEN' : 'FAKE_UNKNOWN',
    reason: known ? 'the fake holder has not this right' : 'the fake gate knows nobody by that',
    hint: 'Put a holder into the fake.',
  }
}
