import type { SecretStore } from '../../contracts/secret-store.js'
import { MissingError } from '../../kernel/errors.js'
import { Secret } from '../../kernel/secret.js'

/** Secrets in memory, by `path` or `path#key`. */
export class FakeSecretStore implements SecretStore {
  readonly values = new Map<string, string>()

  async read(path: string, key: string | undefined): Promise<Secret> {
    const value = this.values.get(key === undefined ? path : `${path}#${key}`)
    if (value) return new Secret(value)
    throw new MissingError('SECRET_MISSING', `there is no secret at ${path}`, {
      hint: 'Put one into the fake.',
    })
  }
}
