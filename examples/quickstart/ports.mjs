import { readFileSync, writeFileSync } from 'node:fs'
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
    if (!(await isFree(ports[name]))) ports[name] = await freePort()
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
