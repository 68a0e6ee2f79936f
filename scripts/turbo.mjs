import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { lackingParts } from './provision.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * The one way to turbo: with no telemetry, and with what its cache cannot see of the machine (the Node version, who runs,
 * what lacks) as part of every key, so that a result from elsewhere is never taken for one from here.
 * @param {string[]} args
 * @param {Record<string, string>} [env] on top of the environment
 * @returns {Promise<number>} its exit code; 1 when a signal ended it
 */
export function runTurbo(args, env = {}) {
  const machine = [
    process.version,
    process.platform,
    process.arch,
    process.getuid?.() === 0 ? 'root' : 'user',
    ...lackingParts().map((part) => `no ${part.name}`),
  ]
  const child = spawn(fileURLToPath(new URL('../node_modules/.bin/turbo', import.meta.url)), args, {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
      LONGSHORE_MACHINE: machine.join(', '),
      ...env,
    },
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal))
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = await runTurbo(process.argv.slice(2))
