import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secretStoreLaws } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { environmentStore, fileStore } from '../src/store.js'

describe('the law of SecretStore, by the environment', () => {
  const laws = secretStoreLaws(() => {
    const name = `LONGSHORE_TEST_${randomUUID()}`
    const keep = (value: string) => {
      process.env[name] = value
      return Promise.resolve({ path: name })
    }
    const close = () => {
      delete process.env[name]
      return Promise.resolve()
    }
    return Promise.resolve({ store: environmentStore, keep, nowhere: { path: `${name}_NOT` }, close })
  })
  for (const law of laws) it(law.name, law.run)
})

describe('the law of SecretStore, by a whole file', () => {
  for (const law of secretStoreLaws(() => filed((value) => `${value}\n`))) it(law.name, law.run)
})

describe('the law of SecretStore, by a line of a file', () => {
  const text = (value: string) => `# for the forge\nOTHER=1\nTOKEN=${value}\nTOKENS=no\n`
  for (const law of secretStoreLaws(() => filed(text, 'TOKEN'))) it(law.name, law.run)
})

/** A file in a folder of its own, written as `text` says. */
async function filed(text: (value: string) => string, key?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-secrets-'))
  const path = join(folder, 'secret')
  return {
    store: fileStore,
    keep: async (value: string) => {
      await writeFile(path, text(value))
      return { path, key }
    },
    nowhere: { path: join(folder, 'nowhere'), key },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}
