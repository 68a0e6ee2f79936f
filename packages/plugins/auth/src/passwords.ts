import { deadline, Semaphore } from '@longshore/core'
import { hashesBusy, passwordWeak } from './errors.js'

/** It is native, and most starts never need it. */
const argon2 = () => import('argon2')

/** Argon2id as OWASP's cheat sheet asks for: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** Hashes at the same time, and those that wait. */
const limits = { atOnce: 2, waiting: 30 }
/** Milliseconds that one may wait. */
const patience = 10_000

/** Checks and makes hashes of passwords, few at a time: each takes memory and a core. */
export class Passwords {
  readonly #turns = new Semaphore(() => limits.atOnce)
  #waiting = 0
  #nobody: Promise<string> | undefined

  make(password: string): Promise<string> {
    return this.#inTurn(async () => (await argon2()).hash(password, cost))
  }

  /** Takes as long where there is no hash to compare with: the time tells nobody which accounts there are. */
  async fits(password: string, known: string | undefined): Promise<boolean> {
    return this.#inTurn(async () => {
      const { hash, verify } = await argon2()
      const against = known ?? (await (this.#nobody ??= hash('nobody has this password', cost)))
      return (await verify(against, password)) && known !== undefined
    })
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= limits.atOnce + limits.waiting) throw hashesBusy()
    this.#waiting++
    try {
      return await this.#turns.take(deadline(patience), work)
    } catch (error) {
      throw (error as Error).name === 'TimeoutError' ? hashesBusy() : error
    } finally {
      this.#waiting--
    }
  }
}

/** Refuses what is tried first by whoever guesses. */
export function refuseWeak(password: string, name: string): void {
  const plain = password.toLowerCase()
  if (new Set(plain).size < 5) throw passwordWeak('the password repeats few characters')
  if (name.length > 2 && plain.replaceAll(name, '').length < 8)
    throw passwordWeak('the password is little more than the name')
  if (/^(?:(?:password|passwort|longshore|qwerty\w*|letmein|welcome|admin\w*|\d)[\W_]*)+$/.test(plain))
    throw passwordWeak('the password is among those that are tried first')
}
