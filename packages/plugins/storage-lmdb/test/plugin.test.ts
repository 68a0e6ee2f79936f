import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Storage } from '@longshore/core'
import { startTestKernel, verifyPlugin } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import plugin, { StorageLmdbConfig } from '../src/index.js'

describe('the plugin', () => {
  for (const law of verifyPlugin(plugin)) it(law.name, law.run)

  it('keeps what a kernel recorded for the next one', async () => {
    const data = await mkdtemp(join(tmpdir(), 'longshore-kernel-'))
    try {
      const first = await startTestKernel({ plugins: [plugin], data })
      const last = first.journal.last()
      expect(last).toBeGreaterThan(0)
      await expect(startTestKernel({ plugins: [plugin], data })).rejects.toMatchObject({
        code: 'STORAGE_LOCKED',
      })
      const storage = first.kernel.get(Storage)
      await first.stop()
      await expect(storage.get('placement', 'hello@test')).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
      expect(existsSync(join(data, 'storage-lmdb', 'journal.mdb'))).toBe(true)
      const second = await startTestKernel({ plugins: [plugin], data })
      const events = await second.journal.read({ after: 0, limit: 1_000 })
      expect(events.events.slice(0, last)).toHaveLength(last)
      expect(second.journal.last()).toBeGreaterThan(last)
      await second.stop()
    } finally {
      await rm(data, { recursive: true, force: true })
    }
  })

  it('takes a segment size within its bounds only', () => {
    expect(StorageLmdbConfig.parse(undefined)).toEqual({ segment: 32_768 })
    expect(StorageLmdbConfig.safeParse({ segment: 100_000 }).success).toBe(false)
    expect(StorageLmdbConfig.safeParse({ segments: 2_000 }).success).toBe(false)
  })
})
