import type { Actor, Right } from '../protocol/index.js'
import { token } from '../kernel/token.js'

/** What a request shows of who it comes from. */
export interface Knock {
  /** It came by the socket in the data folder, which only this account can open. */
  local: boolean
  /** Lower-case names. Credentials stand in `authorization` and `cookie`, nowhere else. */
  headers: Readonly<Record<string, string | undefined>>
  /** The address that it comes from, past the proxies that are trusted; undefined on the socket. */
  from: string | undefined
  /** Nobody between could read it: TLS, or a trusted proxy that says so. */
  secure: boolean
}

/** Who a request comes from, as long as what it showed holds. */
export interface Caller {
  readonly actor: Actor
  /** What it showed. Browsers send a cookie by themselves, so its requests must come from a page of ours. */
  readonly by: 'nothing' | 'socket' | 'token' | 'cookie'
  /** The same for the same account or token, whatever the connection: limits are counted by it. */
  readonly id: string
  readonly from: string | undefined
  /** Whether it has a right, for a service or, without one, for all. */
  holds(right: Right, service?: string): boolean
}

/** What somebody wants to do. */
export interface Ask {
  right: Right
  /** The one service that it is about. */
  service?: string | undefined
  /** Whoever has the right for some services may ask: the answer keeps to those. */
  scoped?: boolean | undefined
  /** In words, for the journal: `POST /services/:service/stop`. Nothing that a client chose. */
  what: string
  /** It changes something: also what is granted is recorded. */
  changes: boolean
}

/** Whether somebody may, and by which rule. */
export type Grant =
  { ok: true; rule: string } | { ok: false; rule: string; code: string; reason: string; hint: string }

/** Somebody whom an identity provider vouches for. */
export interface Identity {
  /** The provider, and the name under which it knows the person for ever. */
  issuer: string
  subject: string
  /** What people call them. */
  name: string
  role: string
}

/**
 * Says who a request comes from, and whether they may.
 *
 * Law: unknown is nobody, and nobody holds nothing; whatever a client sends, `who` answers and does not throw, unless nobody
 * can tell now (UnavailableError). What comes by the socket is the local administrator. `may` grants nothing that `holds`
 * denies, judges by what is known now and not when the caller came, and records every refusal with its reason; when a grant
 * that changes something cannot be recorded it fails. `changed` is told soon after rights were taken from anybody:
 * whoever keeps something open asks `may` again.
 */
export interface Gate {
  who(knock: Knock): Promise<Caller>
  may(caller: Caller, ask: Ask): Promise<Grant>
  /** Answers the undo. */
  changed(listener: () => void): () => void
  /** Whether somebody can sign in who may everything. While nobody can, the API stays on this machine. */
  guards(): boolean
  /**
   * Lets in whom `vouch` answers for; the answer's headers hold the session. How often that is tried is limited by where it
   * comes from, before `vouch` is asked. What `vouch` throws is thrown on, and recorded as a refusal unless it says that
   * nobody can tell now (UnavailableError).
   */
  welcome(vouch: () => Promise<Identity>, knock: Knock): Promise<Record<string, string>>
}

export const Gate = token<Gate>('Gate')
