import { describe, it } from 'vitest'
import { MemoryStorage, memoryDisk } from '../src/testkit/fakes/storage.js'
import { storageLaws } from '../src/testkit/laws/storage.js'

describe('the storage in memory', () => {
  const laws = storageLaws(() => {
    const disk = memoryDisk()
    const close = () => Promise.resolve(void (disk.opened = false))
    const open = async () => ({ storage: await Promise.resolve(new MemoryStorage(disk)), close })
    return Promise.resolve({ open: async () => open(), close, remove: close })
  })
  for (const law of laws) it(law.name, law.run)
})
