import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { composeBinary } from './docker-engine.js'
import { giteaBinary } from './gitea.js'
import { schemathesisBinary } from './schemathesis.js'

/**
 * What the machine answered about a part that a test needs. It fits vitest's options as it is, so that the report says
 * why something was skipped: `describe('over SSH', needs('sshd'), () => …)`, `test('…', needs('root'), () => …)`.
 */
export interface PartAnswer {
  readonly ok: boolean
  /** Why the part is not to be had here; undefined when it is. */
  readonly why: string | undefined
  readonly skip: boolean
  readonly meta: object
}

const tryCgroup = `for at in /sys/fs/cgroup /sys/fs/cgroup/*; do
  mkdir $at/try-$$ || continue
  test -e $at/try-$$/cgroup.procs && exec rmdir $at/try-$$
  rmdir $at/try-$$
done
exit 1`

/** Each look says what lacks, or undefined when nothing does. */
const looks = {
  'git-http-backend': () => {
    const folder = output('git', ['--exec-path'])
    if (folder === undefined) return 'git is not installed'
    return existsSync(join(folder, 'git-http-backend'))
      ? undefined
      : 'this git comes without git-http-backend'
  },
  openssl: () => (output('openssl', ['version']) === undefined ? 'openssl is not installed' : undefined),
  chromium: () => (onPath('chromium') ? undefined : 'Chromium is not installed'),
  curl: () => (onPath('curl') ? undefined : 'curl is not installed'),
  'ssh-keygen': () => (onPath('ssh-keygen') ? undefined : 'the OpenSSH client is not installed'),
  gpg: () => (onPath('gpg') && onPath('gpgconf') ? undefined : 'GnuPG is not installed'),
  sshd: () => (existsSync('/usr/sbin/sshd') ? undefined : 'the OpenSSH server is not installed'),
  docker: () => {
    if (process.getuid?.() !== 0) return 'an engine of its own needs root'
    const missing = ['dockerd', 'docker', 'nsenter', 'setpriv', 'ip'].filter((name) => !onPath(name))
    if (!existsSync('/bin/busybox')) missing.push('/bin/busybox')
    return missing.length > 0 ? `${missing.join(', ')} is not installed` : undefined
  },
  compose: () => (composeBinary() === undefined ? 'Docker Compose is not installed' : undefined),
  prometheus: () => {
    const missing = ['prometheus', 'promtool'].filter((name) => !onPath(name))
    return missing.length > 0 ? `${missing.join(', ')} is not installed` : undefined
  },
  gitea: () => (giteaBinary() === undefined ? 'Gitea was not built' : undefined),
  schemathesis: () => (schemathesisBinary() === undefined ? 'schemathesis is not installed' : undefined),
  root: () => (process.getuid?.() === 0 ? undefined : 'the tests do not run as root'),
  // Tried for real. Each hierarchy of version 1 is a folder of its own, and one suffices.
  cgroup: () =>
    output('sh', ['-c', tryCgroup]) === undefined ? 'no cgroup can be made here (root is needed)' : undefined,
  // Tried for real, in a mount namespace that ends with the trial: containers often refuse root a mount.
  tmpfs: () =>
    output('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt']) === undefined
      ? 'a tmpfs cannot be mounted here (root is needed)'
      : undefined,
} satisfies Record<string, () => string | undefined>

/** A part of the machine that some tests need; `npm run provision` installs what a package can bring. */
export type Part = keyof typeof looks

/**
 * Says whether this machine has a part. With LONGSHORE_REQUIRE=all a missing part throws, so that the tests fail
 * instead of being skipped: what `npm run verify` calls green has run.
 */
export function needs(part: Part): PartAnswer {
  const why = looks[part]()
  if (why !== undefined && process.env['LONGSHORE_REQUIRE'] === 'all')
    throw new Error(`This test needs ${part}: ${why}. Run npm run provision, or npm test to skip what lacks.`)
  return { ok: why === undefined, why, skip: why !== undefined, meta: why === undefined ? {} : { why } }
}

function onPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)))
}

function output(command: string, args: string[]): string | undefined {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 })
  return result.status === 0 ? result.stdout.trim() : undefined
}
