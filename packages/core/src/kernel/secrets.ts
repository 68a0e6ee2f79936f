import type { SecretStore } from '../contracts/secret-store.js'
import type { SecretRef } from '../protocol/index.js'
import { within } from '../waiting/deadline.js'
import { InputError } from './errors.js'
import type { Secret } from './secret.js'
import { token } from './token.js'

/** Opens secrets by reference, from whichever store the reference names. */
export interface Secrets {
  open(reference: SecretRef, signal?: AbortSignal): Promise<Secret>
}

export const Secrets = token<Secrets>('Secrets')

/** Milliseconds that a store may take to answer. */
const storeDeadline = 10_000

export function createSecrets(stores: ReadonlyMap<string, SecretStore>): Secrets {
  return {
    async open({ secret }, signal) {
      const [, name, path, key] = /^([^:]+):([^#]+)(?:#(.+))?$/.exec(secret) ?? []
      const store = name && stores.get(name)
      if (!store) {
        throw new InputError('SECRET_STORE_UNKNOWN', `no store answers for ${secret}`, {
          hint: `Use one of: ${[...stores.keys()].sort().join(', ') || 'none is there'}.`,
        })
      }
      return within(storeDeadline, `reading ${secret}`, (inner) => store.read(path!, key, inner), signal)
    },
  }
}
