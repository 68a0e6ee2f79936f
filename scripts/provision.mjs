import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { compose, composeCommand, fetchCompose } from './compose.mjs'
import { fetchGitea, gitea, giteaCommand } from './gitea.mjs'
import { fetchRealPackage, realPackage, realTarball } from './real-package.mjs'
import { fetchSchemathesis, hasSchemathesis, schemathesis } from './schemathesis.mjs'

/**
 * A real thing that the tests run against, and the Debian packages, or the fetch into the cache, that bring it.
 * @typedef {{ name: string, packages: string[], present: () => boolean, fetch?: () => boolean, after?: () => void }} Part
 */

/** @type {Part[]} */
const parts = [
  { name: 'git with http-backend', packages: ['git'], present: hasHttpBackend },
  {
    name: 'OpenSSH server and client',
    packages: ['openssh-server', 'openssh-client'],
    present: () => existsSync('/usr/sbin/sshd') && onPath('ssh') && onPath('ssh-keygen'),
    after: keepSshdOff,
  },
  { name: 'GnuPG', packages: ['gnupg'], present: () => onPath('gpg') && onPath('gpgconf') },
  { name: 'openssl', packages: ['openssl'], present: () => onPath('openssl') },
  { name: 'curl', packages: ['curl'], present: () => onPath('curl') },
  { name: 'ps', packages: ['procps'], present: () => onPath('ps') },
  {
    name: 'Docker engine',
    packages: ['docker.io', 'iptables', 'iproute2'],
    present: () => ['dockerd', 'docker', 'iptables', 'ip'].every(onPath),
    after: keepDockerOff,
  },
  {
    name: 'Prometheus',
    packages: ['prometheus'],
    present: () => onPath('prometheus') && onPath('promtool'),
    after: keepPrometheusOff,
  },
  { name: 'Chromium', packages: ['chromium'], present: () => onPath('chromium') },
  { name: 'busybox', packages: ['busybox-static'], present: () => existsSync('/bin/busybox') },
  {
    name: 'pip and unzip',
    packages: ['python3-pip', 'unzip'],
    present: () => onPath('pip3') && onPath('unzip'),
  },
  {
    name: `Docker Compose, ${compose.name} ${compose.version}`,
    packages: [],
    present: () => existsSync(composeCommand),
    fetch: fetchCompose,
  },
  { name: 'a C compiler', packages: ['gcc', 'libc6-dev'], present: () => onPath('gcc') || onPath('cc') },
  {
    name: `Gitea ${gitea.version}, built once in some minutes`,
    packages: [],
    present: () => existsSync(giteaCommand),
    fetch: fetchGitea,
  },
  {
    name: `${schemathesis.name} ${schemathesis.version} from PyPI`,
    packages: [],
    present: hasSchemathesis,
    fetch: fetchSchemathesis,
  },
  {
    name: `${realPackage.name} ${realPackage.version} from npm`,
    packages: [],
    present: () => existsSync(realTarball),
    fetch: fetchRealPackage,
  },
]

/** What this machine lacks of it; takes milliseconds. */
export function lackingParts() {
  return parts.filter((part) => !part.present())
}

/**
 * Installs what lacks and says what it did; does nothing when nothing lacks.
 * @param {{ ask: boolean }} options ask: whether somebody sits there who can say no
 * @returns {Promise<boolean>} whether everything is there now
 */
export async function provision({ ask }) {
  const lacking = lackingParts()
  if (lacking.length === 0) {
    console.log(`provision: nothing lacks (${parts.map((part) => part.name).join(', ')})`)
    return true
  }
  const packages = lacking.flatMap((part) => part.packages)
  console.log(`provision: this machine lacks ${lacking.map((part) => part.name).join(', ')}`)
  if (packages.length > 0 && !(await installPackages(packages, ask))) return false
  for (const part of lacking) if (part.fetch?.()) console.log(`provision: fetched ${part.name}`)
  for (const part of lacking) part.after?.()
  const still = lackingParts()
  for (const part of still) console.error(`provision: ${part.name} still lacks`)
  return still.length === 0
}

/**
 * @param {string[]} packages
 * @param {boolean} ask
 */
async function installPackages(packages, ask) {
  if (!onPath('apt-get') || process.getuid?.() !== 0) {
    console.error(`provision: install it, as root on Debian with: apt-get install ${packages.join(' ')}`)
    return false
  }
  if (ask && !(await agreed(`Install ${packages.join(', ')} with apt-get? [y/N] `))) {
    console.error('provision: nothing was installed; npm test runs the tests that can do without')
    return false
  }
  if (!install(packages)) return false
  console.log(`provision: installed ${packages.join(', ')}`)
  return true
}

/** Whether to ask before something is installed: only on a terminal, where nobody said yes beforehand. */
export function shouldAsk() {
  return process.stdin.isTTY === true && process.env['CI'] !== 'true' && !process.argv.includes('--yes')
}

/** @param {string[]} packages */
function install(packages) {
  const args = ['install', '-y', '--no-install-recommends', ...packages]
  // The lists are often there and good; fetching them anew takes longer than the rest.
  return apt(args) || (apt(['update']) && apt(args))
}

/** @param {string[]} args */
function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const result = spawnSync('apt-get', ['-q', ...args], { stdio: 'inherit', env, timeout: 600_000 })
  return result.status === 0
}

/** Tests start an sshd of their own on loopback; the package must not open this machine to the network. */
function keepSshdOff() {
  if (!existsSync('/run/systemd/system')) return
  spawnSync('systemctl', ['disable', '--now', 'ssh.service', 'ssh.socket'], {
    stdio: 'inherit',
    timeout: 60_000,
  })
}

/** Tests start engines of their own; the package's would run beside them for nobody. */
function keepDockerOff() {
  if (!existsSync('/run/systemd/system')) return
  spawnSync('systemctl', ['disable', '--now', 'docker.service', 'docker.socket', 'containerd.service'], {
    stdio: 'inherit',
    timeout: 60_000,
  })
}

/** Tests start one of their own on a free port; the package's would open this machine to the network. */
function keepPrometheusOff() {
  if (!existsSync('/run/systemd/system')) return
  const units = ['prometheus.service', 'prometheus-node-exporter.service']
  spawnSync('systemctl', ['disable', '--now', ...units], { stdio: 'inherit', timeout: 60_000 })
}

function hasHttpBackend() {
  const answer = spawnSync('git', ['--exec-path'], { encoding: 'utf8', timeout: 10_000 })
  return answer.status === 0 && existsSync(join(answer.stdout.trim(), 'git-http-backend'))
}

/** @param {string} command */
function onPath(command) {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)))
}

/** @param {string} question */
async function agreed(question) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question(question)
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await provision({ ask: shouldAsk() })) ? 0 : 1
}
