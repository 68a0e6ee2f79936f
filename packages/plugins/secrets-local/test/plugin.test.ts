import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretStore } from '@longshore/core'
import { startTestKernel, verifyPlugin } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import secretsLocal from '../src/index.js'

describe('secrets-local', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-secrets-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  for (const law of verifyPlugin(secretsLocal)) it(law.name, law.run)

  it('answers for env: and file:, and for nothing else', async () => {
    const { kernel, stop } = await startTestKernel({ plugins: [secretsLocal] })
    const kinds = [...kernel.get(SecretStore).keys()]
    await stop()
    expect(kinds).toEqual(expect.arrayContaining(['env', 'file']))
  })

  it('a file that is there and cannot be read is unavailable, not missing', async () => {
    const { kernel, stop } = await startTestKernel({ plugins: [secretsLocal] })
    const read = kernel.get(SecretStore).get('file')?.read(folder, undefined, new AbortController().signal)
    await expect(read).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' })
    await expect(read).rejects.not.toHaveProperty('code', 'SECRET_MISSING')
    await stop()
  })

  it('what is no variable name is missing, whatever it looks like', async () => {
    const { kernel, stop } = await startTestKernel({ plugins: [secretsLocal] })
    const store = kernel.get(SecretStore).get('env')
    for (const name of ['__proto__', 'constructor', join(folder, 'x')]) {
      const read = store?.read(name, undefined, new AbortController().signal)
      await expect(read, name).rejects.toMatchObject({ code: 'SECRET_MISSING' })
    }
    await stop()
  })
})
