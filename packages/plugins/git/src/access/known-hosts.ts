import { createHash, createHmac } from 'node:crypto'
import type { GitAddress } from '@longshore/core/protocol'

/** The fingerprints that a known hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT") holds for a host, as `SHA256:…`. */
export function knownFingerprints(text: string, { host, port }: GitAddress): string[] {
  const bare = host.replace(/^\[|\]$/g, '')
  const name = port === 22 ? bare : `[${bare}]:${port}`
  const found = new Set<string>()
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/)
    if (words[0]?.startsWith('#')) continue
    const [hosts = '', , key] = words[0]?.startsWith('@') ? words.slice(1) : words
    if (key && hosts.split(',').some((pattern) => matches(pattern, name))) found.add(fingerprint(key))
  }
  return [...found]
}

function matches(pattern: string, name: string): boolean {
  const [, hash, salt, digest] = pattern.split('|')
  if (hash !== '1' || !salt || !digest) return pattern.toLowerCase() === name
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === digest
}

/** As ssh prints it: SHA-256 of the key's bytes, base64 without padding. */
function fingerprint(key: string): string {
  const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64')
  return `SHA256:${digest.replace(/=+$/, '')}`
}
