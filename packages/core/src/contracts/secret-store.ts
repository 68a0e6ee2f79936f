import type { Secret } from '../kernel/secret.js'
import { manyToken } from '../kernel/token.js'

/**
 * Keeps secrets; a config names one as `<store>:<path>#<key>`, and the store is provided under `<store>`.
 *
 * Law: answers a reference or says why not, by an error with code SECRET_MISSING (it is not there) or
 * SECRET_UNAVAILABLE (nobody can tell now); an empty value is missing; the value never stands in an error.
 */
export interface SecretStore {
  read(path: string, key: string | undefined, signal: AbortSignal): Promise<Secret>
}

export const SecretStore = manyToken<SecretStore>('SecretStore')
