import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Credential, InputError, type LongshoreError, type Secrets } from '@longshore/core'
import type { GitAddress } from '@longshore/core/protocol'
import { hostKeyMismatch } from '../errors.js'
import type { Access } from './access.js'
import { knownFingerprints } from './known-hosts.js'

/** Memory where there is some, so that a key does not reach a disk. */
const shelf = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A key and the known hosts in a private folder that lives as long as one run of git. */
export class SshAccess implements Access {
  readonly config: string[]
  readonly env: Record<string, string>
  readonly #folder: string
  readonly #address: GitAddress
  readonly #known: string

  private constructor(folder: string, config: string[], address: GitAddress, known: string) {
    this.#folder = folder
    this.#address = address
    this.#known = known
    this.config = config
    this.env = { GIT_SSH_COMMAND: command(folder), GIT_SSH_VARIANT: 'ssh' }
  }

  static async open(
    address: GitAddress,
    credential: Credential & { kind: 'ssh' },
    secrets: Secrets,
    config: string[],
    signal: AbortSignal,
  ): Promise<SshAccess> {
    const key = await secrets.open(credential.key, signal)
    const known = await readKnownHosts(credential.knownHosts, signal)
    const folder = await mkdtemp(join(shelf, `longshore-ssh-${process.pid}-`))
    try {
      await writeFile(join(folder, 'known_hosts'), known, { mode: 0o600 })
      await writeFile(join(folder, 'key'), `${key.open().trimEnd()}\n`, { mode: 0o600 })
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
    return new SshAccess(folder, config, address, known)
  }

  explain(error: LongshoreError): LongshoreError {
    const came = error.code === 'GIT_HOST_KEY' && (error.data?.['hostKey'] as string | undefined)
    if (!came) return error
    return hostKeyMismatch(this.#address.host, came, knownFingerprints(this.#known, this.#address))
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function readKnownHosts(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', signal })
  } catch {
    signal.throwIfAborted()
    throw new InputError('GIT_KNOWN_HOSTS', `the known hosts file ${path} cannot be read`, {
      hint: 'Write it: ssh-keyscan HOST > FILE, and compare the fingerprint with what the server’s administrator says.',
    })
  }
}

/** Removes the folders of processes that were killed before they could. */
export async function removeKeysLeft(): Promise<void> {
  for (const name of await readdir(shelf)) {
    const pid = /^longshore-ssh-(\d+)-/.exec(name)?.[1]
    // Another user's cannot be removed, and are not ours to remove.
    if (pid && !lives(Number(pid)))
      await rm(join(shelf, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Nobody's ssh config, no agent, no forwarding, no question: this key, to hosts that are known. -v tells the key that came. */
function command(folder: string): string {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${folder}/known_hosts`,
    'GlobalKnownHostsFile=/dev/null',
    `IdentityFile=${folder}/key`,
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'PreferredAuthentications=publickey',
    'ClearAllForwardings=yes',
    'ForwardAgent=no',
    'PermitLocalCommand=no',
    'ProxyCommand=none',
    'ControlPath=none',
    'UpdateHostKeys=no',
    'ConnectTimeout=15',
    'ServerAliveInterval=10',
    'ServerAliveCountMax=3',
  ]
  return ['ssh', '-v', '-F', '/dev/null', ...options.flatMap((option) => ['-o', option])].join(' ')
}
