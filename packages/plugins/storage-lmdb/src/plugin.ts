import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { definePlugin, HostInfo, Logger, Storage, UnavailableError, type DoctorLine } from '@longshore/core'
import { StorageLmdbConfig } from './config.js'
import { closed } from './errors.js'
import { folderName } from './names.js'
import { openStore, type LmdbStorage } from './storage.js'

/** Bytes: with less, the next writes of a busy host may be refused. */
const leastRoom = 4 * 2 ** 20

export default definePlugin({
  name: folderName,
  config: StorageLmdbConfig,
  needs: { host: HostInfo, log: Logger },
  provides: [Storage],
  setup({ config, needs: { host, log }, provide, hooks, doctor }) {
    let store: LmdbStorage | undefined
    const opened = (): LmdbStorage => {
      if (!store) throw closed()
      return store
    }
    provide(Storage, {
      commit: async (batch) => opened().commit(batch),
      last: () => opened().last(),
      get: async (collection, key) => opened().get(collection, key),
      list: async (collection, query) => opened().list(collection, query),
      events: async (query) => opened().events(query),
      prune: async (before, bytes) => opened().prune(before, bytes),
      backup: async (directory) => opened().backup(directory),
    })
    hooks.started.tap(async () => {
      const report = (error: unknown) =>
        log.error({ error }, 'the store could not tidy up; it tries again later')
      store = await openStore(join(host.data, folderName), { ...config, report })
    })
    hooks.stopping.tap(() => store?.close())
    doctor.add('storage', () => Promise.resolve(look(store)))
    doctor.add('room', () => lookForRoom(host.data))
  },
})

function look(store: LmdbStorage | undefined): DoctorLine {
  const refusal = store ? store.refusal : new UnavailableError('STORAGE_CLOSED', 'the store is closed')
  if (!store || refusal) return { ok: false, say: refusal!.message, hint: 'See the log for the reason.' }
  return { ok: true, say: `the store is open and holds events ${store.first()} to ${store.last()}` }
}

/** A disk that is full hides that commits come: what cannot be recorded cannot be shown either. */
async function lookForRoom(folder: string): Promise<DoctorLine> {
  const { bavail, bsize } = await statfs(folder)
  const say = `${Math.floor((bavail * bsize) / 2 ** 20)} MiB are free on the disk of the data folder`
  if (bavail * bsize >= leastRoom) return { ok: true, say }
  return {
    ok: false,
    say,
    hint: 'Make room: until then writes are refused (STORAGE_FULL) and commits wait; Longshore goes on by itself.',
  }
}
