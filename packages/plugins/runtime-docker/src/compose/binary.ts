import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { LongshoreError, type DoctorLine } from '@longshore/core'
import { composeMissing } from './errors.js'

const run = promisify(execFile)
const oldest = 2

/** Where the plugins of the `docker` command lie, beside the user's own folder. */
const pluginFolders = ['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec']

export interface ComposeBinary {
  path: string
  version: string
}

/**
 * The Compose binary itself, called without the `docker` command before it: the one that the config names, else the
 * first one of version 2 or newer where `docker` would find it or on PATH. Errors: COMPOSE_MISSING.
 */
export async function findCompose(
  configured: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<ComposeBinary> {
  const own = env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker')
  const places = configured
    ? [configured]
    : [
        join(own, 'cli-plugins/docker-compose'),
        ...pluginFolders.map((folder) => join(folder, 'docker/cli-plugins/docker-compose')),
        ...(env['PATH'] ?? '')
          .split(delimiter)
          .filter(isAbsolute)
          .map((folder) => join(folder, 'docker-compose')),
      ]
  let old: string | undefined
  for (const path of places) {
    const version = await versionOf(path)
    if (version && Number(version.split('.')[0]) >= oldest) return { path, version }
    if (version) old = `${path} is version ${version}, and 2 is the oldest that is known`
  }
  throw composeMissing(
    old ?? (configured ? `${configured} does not answer` : 'neither docker nor PATH leads to docker-compose'),
  )
}

/** Milliseconds for which a look is told again: probes ask often, and a version costs a process. */
const fresh = 60_000

/** The line of doctor. */
export function composeLook(configured: string | undefined, env: NodeJS.ProcessEnv) {
  let last: { at: number; line: Promise<DoctorLine> } | undefined
  return (): Promise<DoctorLine> => {
    if (!last || performance.now() - last.at > fresh)
      last = { at: performance.now(), line: tellOfCompose(configured, env) }
    return last.line
  }
}

/** One that nobody named and that is not there is no fault: only services of kind compose need one. */
async function tellOfCompose(configured: string | undefined, env: NodeJS.ProcessEnv): Promise<DoctorLine> {
  try {
    const { path, version } = await findCompose(configured, env)
    return { ok: true, say: `Docker Compose ${version} is at ${path}` }
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error
    if (configured === undefined)
      return { ok: true, say: 'no Docker Compose is here; only services of kind compose need one' }
    return { ok: false, say: error.message, hint: error.hint }
  }
}

/** Undefined when it is none: absent, not to be executed, or without an answer within ten seconds. */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK)
    const { stdout } = await run(path, ['version', '--short'], { timeout: 10_000, env: {} })
    return /^v?(\d+\.\d+\S*)/.exec(stdout.trim())?.[1]
  } catch {
    return undefined
  }
}
