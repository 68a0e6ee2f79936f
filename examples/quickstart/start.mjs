import { mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeClient } from '@longshore/client/node'
import { eventLine, printError, processTerminal, startProduct } from '@longshore/cli'
import { RefusedError } from '@longshore/core'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { makeClone, writeConfig, writeLogin } from './demo.mjs'
import { choosePorts } from './ports.mjs'

/*
 * Makes a git repository, serves it, and starts Longshore with one service that follows it; all of it on 127.0.0.1 and in
 * one folder: the first argument, or .quickstart in the checkout. A second run goes on where the first one ended.
 */
const [, , wanted] = process.argv
if (wanted?.startsWith('-')) {
  process.stdout.write(
    'npm run quickstart [-- FOLDER]: runs the demo in FOLDER, or in .quickstart of the checkout\n',
  )
  process.exit(wanted === '--help' || wanted === '-h' ? 0 : 2)
}
const home = resolve(wanted ?? fileURLToPath(new URL('../../.quickstart', import.meta.url)))
const clone = join(home, 'hello')
const config = join(home, 'longshore.config.yaml')
const terminal = processTerminal()

/** Milliseconds until the first deployment has to answer. */
const patience = 60_000

try {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  await refuseTwice()
  const chosen = await choosePorts(home)
  const server = await startGitServer({ root: join(home, 'git'), port: chosen.ports.git })
  try {
    const url = server.url('hello')
    // What is pushed is run: whoever else is on this machine, and whatever page its browser shows, does not push.
    server.manners.push = writeLogin(join(home, 'push.gitconfig'), url)
    const head = await (await server.repository('hello')).sha('refs/heads/main')
    // The path is relative to the clone's own config.
    await makeClone(clone, url, { isEmpty: !head, login: '../../push.gitconfig' })
    writeConfig(config, url, chosen)
    process.exitCode = await run(chosen.ports.hello)
  } finally {
    await server.close()
  }
} catch (error) {
  printError(terminal, error)
  process.exitCode = 1
}

/** Another run on this folder would lose its ports and its repository to this one. */
async function refuseTwice() {
  const running = createNodeClient({ socket: join(home, 'data', 'longshore.sock') })
  if (!(await running.call(coreRoutes.info).catch(() => undefined))) return
  throw new RefusedError('WEB_SOCKET_TAKEN', `the quickstart in ${home} runs here already`, {
    hint: 'Stop that one first (Ctrl-C), or name another folder for this one.',
  })
}

/** @param {number} port where the service answers */
async function run(port) {
  const product = await startProduct({ config, folder: home, env: process.env }, 'warn')
  // A terminal that is closed ends it like Ctrl-C; to a Longshore of its own that would mean: read the config again.
  process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'))
  const life = new AbortController()
  const ended = product.ended.finally(() => life.abort())
  const api = createNodeClient({ socket: join(product.data, 'longshore.sock') })
  while (!life.signal.aborted && !(await isSettled(api, port))) await Promise.race([ended, sleep(100)])
  if (!life.signal.aborted) {
    welcome(product, port)
    tell(api, life.signal).catch((error) => printError(terminal, error))
  }
  return ended
}

/**
 * Shows what happens from now on.
 * @param {import('@longshore/client').Client} api
 * @param {AbortSignal} signal
 */
async function tell(api, signal) {
  const { seq } = await api.call(coreRoutes.overview)
  for await (const event of api.events({}, seq, signal)) terminal.print(eventLine(terminal, event))
}

/**
 * Whether the service answers, or will not before somebody does something about it.
 * @param {import('@longshore/client').Client} api
 * @param {number} port
 */
async function isSettled(api, port) {
  if (performance.now() > patience) return true
  const view = await api.call(coreRoutes.service, { params: { service: 'hello' } }).catch(() => undefined)
  if (view?.placements.every(({ hold, failed }) => hold ?? failed)) return true
  return fetch(`http://127.0.0.1:${port}/`).then(
    ({ ok }) => ok,
    () => false,
  )
}

/**
 * @param {{ url: string, setUp?: string }} product
 * @param {number} port
 */
function welcome({ url, setUp }, port) {
  const folder = relative(process.cwd(), clone) || '.'
  const { bold, dim } = /** @type {Record<string, (text: string) => string>} */ ({
    bold: (text) => terminal.paint('bold', text),
    dim: (text) => terminal.paint('dim', text),
  })
  terminal.print(`
${bold('Longshore runs.')} Everything is on this machine, in ${home}

  the service    http://127.0.0.1:${port}
  the API        ${url}/api/v1 ${dim('(docs/api.md tells the rest)')}${setUp ? `\n  the first administrator, by this link, once:\n                 ${setUp}\n                 ${dim("(npx longshore login 'LINK' takes it)")}` : ''}
  the repository ${clone}

In another terminal:

  ${bold(`cd ${folder}`)}
  ${bold("date > greeting.txt && git commit -qam 'Another greeting' && git push -q")}   ${dim('# deployed within seconds')}
  ${bold('npx longshore ls')}
  ${bold("npx longshore stop hello --why 'a try'")}   ${dim('# and now no push starts it')}
  ${bold('npx longshore start hello')}   ${dim('# brings the newest commit')}

Elsewhere in the checkout, say first: export LONGSHORE_CONFIG=${config}
Ctrl-C ends everything; the next run goes on from there. What happens:
`)
}
