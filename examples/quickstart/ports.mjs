import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Where things listen on 127.0.0.1 unless somebody else does already. */
const wanted = { api: 7420, hello: 7421, git: 7422 }

/**
 * The ports of an earlier run, or the usual ones; another free one for each that is taken now.
 * @param {string} home
 * @returns {Promise<{ ports: typeof wanted, before: typeof wanted }>} before: those of the earlier run
 */
export async function choosePorts(home) {
  const file = join(home, 'ports.json')
  const before = read(file) ?? wanted
  const ports = { ...before }
  for (const name of /** @type {(keyof typeof wanted)[]} */ (Object.keys(ports))) {
    if (!(await isFree(ports[name])) && !isOurs(home, ports[name])) ports[name] = await freePort()
  }
  writeFileSync(file, JSON.stringify(ports))
  return { ports, before }
}

/** @param {string} file */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * Whether the service of this folder listens there: a run that was killed leaves it behind, and Longshore takes it up.
 * @param {string} home
 * @param {number} port
 */
function isOurs(home, port) {
  const processes = existsSync('/proc') ? readdirSync('/proc') : []
  return processes.some((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      const within = readlinkSync(`/proc/${pid}/cwd`).startsWith(`${realpathSync(home)}/`)
      return within && environment.includes('LONGSHORE_SERVICE=hello') && environment.includes(`PORT=${port}`)
    } catch {
      // It is no process, not ours to look at, or gone by now.
      return false
    }
  })
}

/** @param {number} port */
async function isFree(port) {
  return (await listen(port).catch(() => 0)) === port
}

function freePort() {
  return listen(0)
}

/**
 * @param {number} port
 * @returns {Promise<number>}
 */
function listen(port) {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const { port: bound } = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(bound))
    })
  })
}
