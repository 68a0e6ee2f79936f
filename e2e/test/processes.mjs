import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { until } from './until.mjs'

/**
 * @typedef {{ pid: number, command: string, env: Record<string, string> }} Found
 */

/**
 * Every process alive that a Longshore of that host name started, or what those started: all carry its name.
 * @param {string} host
 * @returns {Found[]}
 */
export function processesOf(host) {
  return [...allProcesses()].filter(({ env }) => env.LONGSHORE_HOST === host)
}

/** @returns {Generator<Found>} */
export function* allProcesses() {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const state = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\) /s, '')[0]
      if (state === 'Z' || state === 'X') continue
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      const pairs = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0')
      const env = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2)))
      yield { pid: Number(name), command, env }
    } catch {
      // It ended while it was looked at.
    }
  }
}

/** @param {string} host */
export async function killAll(host) {
  await until(`nothing of ${host} is left`, 20_000, () => {
    const found = processesOf(host)
    for (const { pid } of found) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended by itself.
      }
    }
    return found.length === 0
  })
}

/**
 * The cgroups of a data folder whose Longshore was killed: they outlive the folder.
 * @param {string} id
 */
export async function removeCgroups(id) {
  const wanted = ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/longshore/${id}*`]
  await promisify(execFile)('find', [...wanted, '-exec', 'rmdir', '{}', ';']).catch(() => undefined)
}
