import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { SecretStore } from '../../contracts/secret-store.js'
import { LongshoreError } from '../../kernel/errors.js'
import { lawsOf, type Law } from '../law.js'

/** A store under test, and the hand that keeps a value in it. */
export interface SecretSubject {
  store: SecretStore
  /** Keeps a value and answers where it is; an empty value too. */
  keep(value: string): Promise<{ path: string; key?: string }>
  /** Where nothing is. */
  nowhere: { path: string; key?: string }
  close(): Promise<void>
}

const value = 'correct horse battery staple'
const never = new AbortController().signal

/** The law of SecretStore, a test each. */
export function secretStoreLaws(make: () => Promise<SecretSubject>): Law[] {
  const law = lawsOf(make)
  return [
    law('answers a reference with the exact value', async ({ store, keep }) => {
      const { path, key } = await keep(value)
      assert.equal((await store.read(path, key, never)).open(), value)
    }),
    law('a secret does not print, log or serialise', async ({ store, keep }) => {
      const { path, key } = await keep(value)
      const secret = await store.read(path, key, never)
      for (const text of [
        String(secret),
        JSON.stringify({ secret }),
        inspect(secret, { showHidden: true }),
      ]) {
        assert.ok(!text.includes(value), text)
      }
    }),
    law('says SECRET_MISSING for what is not there', async ({ store, nowhere }) => {
      await assert.rejects(store.read(nowhere.path, nowhere.key, never), isMissing)
    }),
    law('an empty value is missing', async ({ store, keep }) => {
      const { path, key } = await keep('')
      await assert.rejects(store.read(path, key, never), isMissing)
    }),
    law('a changed value is seen', async ({ store, keep }) => {
      await keep('the old one')
      const { path, key } = await keep(value)
      assert.equal((await store.read(path, key, never)).open(), value)
    }),
  ]
}

function isMissing(error: unknown): boolean {
  assert.ok(error instanceof LongshoreError, 'a coded error')
  assert.equal(error.code, 'SECRET_MISSING')
  assert.ok(error.hint, 'a hint that says how to mend it')
  return true
}
