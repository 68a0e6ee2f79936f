import type { Forge, ForgeSecrets } from '../../contracts/forge.js'
import type { HookRequest } from '../../protocol/index.js'

/** A forge under test, and what its vendor would send. */
export interface ForgeSubject {
  forge: Forge
  /** Every secret that its section can name, and that its webhooks are made with here. */
  secrets: ForgeSecrets
  /** Milliseconds since the epoch at which they are made. */
  now: number
  /** Where a signed time bounds how long they are good. */
  timed?: boolean
  /** Where nothing signs the body: the secret itself is sent. */
  bare?: boolean
  /** The headers that prove who sent it. */
  proofs: string[]
  /** What would be a push, if the body were one; signed whatever it holds. */
  sign(body: string | Uint8Array): HookRequest
  /** A push to this branch of the repository. */
  push(repository: string, branch: string): HookRequest
  /** By what it is about: what leads to nothing. */
  others: Record<string, HookRequest>
  /** The path of its API, and how a success is written there; absent where no statuses are taken. */
  statuses?: { api: string; says: RegExp }
  close(): Promise<void>
}
