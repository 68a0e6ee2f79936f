import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  createLogger,
  createLongshore,
  describeError,
  reconfigure,
  type ConfigDocument,
  type Kernel,
  type Logger,
  type LogLevel,
} from '@longshore/core'
import { sessionRoutes } from '@longshore/auth/protocol'
import { coreRoutes } from '@longshore/core/protocol'
import { createNodeClient } from '@longshore/client/node'
import { defaultDataFolder } from '../config/environment.js'
import { loadConfig, type Surroundings } from '../config/load.js'
import { loadGuests } from './guests.js'
import { builtInPlugins } from './plugins.js'
import { version } from './version.js'

/** Milliseconds that the whole stop may take; every plugin has a deadline of its own within. */
const stopDeadline = 120_000
/** Milliseconds after which one more signal forces the end: npm passes a Ctrl-C on that the terminal sent already. */
const forceAfter = 1_000
/** Milliseconds for which a config has to be left alone before it is read: editors write in several steps. */
const settleTime = 200

export interface Product {
  host: string
  data: string
  /** Where its API answers. */
  url: string
  /** By which the first administrator is made, once; undefined when there is one. */
  setUp?: string
  /** The exit code, when a signal has ended it. */
  ended: Promise<number>
}

/** Starts the assembled product and keeps it until a signal ends it. Throws what is wrong before anything runs. */
export async function startProduct(where: Surroundings, level: LogLevel): Promise<Product> {
  const log = createLogger({ level })
  const read = async () => {
    const { faults, ...guests } = await loadGuests(await loadConfig(where))
    if (faults[0]) throw faults[0].error
    return guests
  }
  const { document, plugins: guests } = await read()
  const plugins = [...(await builtInPlugins()), ...guests]
  const kernel = createLongshore({
    plugins,
    config: document,
    data: defaultDataFolder(where.env),
    version,
    logger: log,
  })
  const ended = untilSignal(kernel, log)
  process.on('unhandledRejection', (error) => log.error({ error }, 'a promise failed and nobody listened'))
  await kernel.start()
  followConfig(kernel, document.file, async () => (await read()).document, log)
  const { name: host, data } = kernel.host
  const api = createNodeClient({ socket: join(data, 'longshore.sock') })
  const { url } = await api.call(coreRoutes.info)
  const { path } = await api.call(sessionRoutes.setUpLink)
  return { host, data, url, ...(path !== null && { setUp: `${url}${path}` }), ended }
}

/** The first signal ends everything in order, the second one at once. */
function untilSignal(kernel: Kernel, log: Logger): Promise<number> {
  return new Promise((resolve) => {
    let asked: number | undefined
    const end = (signal: NodeJS.Signals, code: number) => {
      if (asked !== undefined) {
        if (performance.now() - asked > forceAfter) process.exit(130)
        return
      }
      asked = performance.now()
      log.info({ signal }, 'Longshore stops')
      const late = setTimeout(() => {
        log.error({ signal }, 'the stop takes too long; Longshore ends as it is')
        process.exit(1)
      }, stopDeadline)
      void kernel.stop().then(() => {
        clearTimeout(late)
        resolve(code)
      })
    }
    process.on('SIGINT', (signal) => end(signal, 0))
    process.on('SIGTERM', (signal) => end(signal, 0))
    process.on('uncaughtException', (error) => {
      log.error({ error }, 'an error that nobody caught; Longshore stops')
      end('SIGABRT', 1)
    })
  })
}

/** Reads the config again when its file changes, and at SIGHUP. A bad one is recorded, and the last good one stays. */
function followConfig(kernel: Kernel, file: string, read: () => Promise<ConfigDocument>, log: Logger): void {
  let turn = Promise.resolve()
  let text: string | undefined
  let timer: NodeJS.Timeout | undefined
  const reload = () => {
    turn = turn.then(async () => {
      try {
        const changes = await reconfigure(kernel, read)
        if (changes.length > 0) log.info({ changes }, 'the new config is applied')
      } catch (error) {
        log.error({ error: describeError(error) }, 'the new config is refused; the last good one stays')
      }
    })
  }
  const look = async () => {
    const now = await readFile(file, 'utf8').catch(() => text)
    if (now === text) return
    text = now
    reload()
  }
  void readFile(file, 'utf8').then((now) => (text = now))
  // The folder, not the file: editors replace files, and a watch on the old one would see nothing more.
  const watcher = watch(dirname(file), { persistent: false }, (_, name) => {
    if (name !== null && name !== basename(file) && name !== '..data') return
    clearTimeout(timer)
    timer = setTimeout(() => void look(), settleTime)
  })
  watcher.on('error', (error) =>
    log.error({ error }, 'the config is not watched any more; SIGHUP still reads it'),
  )
  process.on('SIGHUP', reload)
}
