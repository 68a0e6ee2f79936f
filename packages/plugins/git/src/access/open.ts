import type { Credential, LongshoreError, Secrets } from '@longshore/core'
import type { GitAddress } from '@longshore/core/protocol'
import type { Access } from './access.js'
import { SshAccess } from './ssh.js'

/** Opens the credential for one run of git. Close it when the run is over. */
export async function openAccess(
  address: GitAddress,
  credential: Credential | undefined,
  secrets: Secrets,
  askpass: string,
  signal: AbortSignal,
): Promise<Access> {
  const config = [`protocol.${address.kind}.allow=always`]
  if (credential?.kind === 'ssh') return SshAccess.open(address, credential, secrets, config, signal)
  const plain = { config, env: {}, explain: (error: LongshoreError) => error, close: () => Promise.resolve() }
  if (credential?.kind !== 'https') return plain
  const secret = await secrets.open(credential.password, signal)
  return {
    ...plain,
    config: [...config, `credential.username=${credential.username}`],
    env: { GIT_ASKPASS: askpass },
    secret,
  }
}

/** Answers git's question for the password with what descriptor 3 holds; the user's name stands in git's settings. */
export const askpassScript = '#!/bin/sh\ncase "$1" in Password*) exec cat <&3 ;; esac\nexit 1\n'

/** The header of HTTP's basic scheme (RFC 7617). */
export async function basicHeader(
  credential: Credential | undefined,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (credential?.kind !== 'https') return undefined
  const password = (await secrets.open(credential.password, signal)).open()
  return `Basic ${Buffer.from(`${credential.username}:${password}`).toString('base64')}`
}
