import type { CommitStatus, HookRequest, HookVerdict } from '../protocol/index.js'
import type { Secret } from '../kernel/secret.js'
import { manyToken } from '../kernel/token.js'

/** What its section of `hooks` names by reference, opened, under the same keys; absent where it cannot be had. */
export type ForgeSecrets = Readonly<Partial<Record<string, Secret>>>

/** The API of a forge and what opens it, both from the config. */
export interface ForgeAccess {
  api: string
  token: Secret
}

/**
 * What keeps repositories and tells of changes; the kind is the name under which it is provided, and of its section of `hooks`.
 *
 * Law: a webhook is a hint; what is fetched decides. `read` throws for nothing that came. What is not signed by every secret
 * that is configured, over exactly these bytes, is refused before anything of it is parsed, in the same time whatever is
 * wrong with it; where a secret is absent or empty everything is. A time that is signed is within five minutes of `now`.
 * Only a push is `look`: a ping, a ref that was removed, a pull request or what a fork did is `nothing`. `report` tells
 * that API alone, follows no redirect, and ends with its signal; it rejects with an UnavailableError when it may be tried
 * again, with a RefusedError when that is of no use, and neither names the token.
 */
export interface Forge {
  /** `now`: milliseconds since the epoch. */
  read(request: HookRequest, secrets: ForgeSecrets, now: number): HookVerdict
  /** Absent where the forge takes no statuses. */
  report?(status: CommitStatus, access: ForgeAccess, signal: AbortSignal): Promise<void>
}

export const Forge = manyToken<Forge>('Forge')
