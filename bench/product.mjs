import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../packages/cli/bin/longshore.js', import.meta.url))

/**
 * Writes a config into a folder and answers how to reach it; `services` is by name, in the shape of the config, and `rest`
 * holds its other sections. Nothing listens but the socket and a free port.
 */
export function prepareProduct(home, services, rest = {}) {
  mkdirSync(home, { recursive: true })
  const config = {
    version: 1,
    host: 'bench',
    data: './data',
    web: { listen: '127.0.0.1:0' },
    // What is measured is the work of a deployment, not how long it has to prove itself.
    health: { settle: '0s' },
    services,
    ...rest,
  }
  writeFileSync(join(home, 'longshore.config.json'), JSON.stringify(config))
  return join(home, 'data', 'longshore.sock')
}

export function startProduct(home) {
  const env = { ...process.env, LONGSHORE_LOG: 'error' }
  const child = spawn(process.execPath, [bin, 'serve'], {
    cwd: home,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return { pid: child.pid, stop: () => stop(child), kill: () => stop(child, 'SIGKILL') }
}

export async function stop(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill(signal)
  await closed
}

/** Milliseconds from `begin` (by performance.now) until something answers at the socket. */
export async function untilAnswers(socketPath, path, begin) {
  for (const deadline = begin + 60_000; ; await sleep(1)) {
    if (performance.now() > deadline) throw new Error(`nothing answers at ${socketPath}`)
    if (await answers(socketPath, path)) return performance.now() - begin
  }
}

function answers(socketPath, path) {
  return new Promise((resolve) => {
    const sent = request({ socketPath, path, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    sent.on('error', () => resolve(false))
    sent.end()
  })
}

/** MiB of a process that are in memory. */
export function memory(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

/** Seconds of CPU that a process has used; a tick is 10 ms on every Linux. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** MiB of a process that are its own: without the pages of files, which the system takes back when it wants. */
export function ownMemory(pid) {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}
