import { createHash } from 'node:crypto'
import { fromBase64, type SshKey } from './ssh-key.js'
import { Malformed, Wire, wireString } from './wire.js'

export const sshBegin = '-----BEGIN SSH SIGNATURE-----'
const end = '-----END SSH SIGNATURE-----'
const magic = 'SSHSIG'
/** What git signs for: a signature that was made for a file, or for a login, is none of a commit. */
const purpose = 'git'
/** Characters of an armored signature; one by an RSA key of 16384 bits has 6,000. */
const longest = 20_000

/** A signature by an SSH key, as OpenSSH's PROTOCOL.sshsig has it. */
export interface SshSignature {
  /** The public key that it says it is by. */
  key: Buffer
  namespace: string
  reserved: Buffer
  hash: 'sha256' | 'sha512'
  signature: Buffer
}

/** Reads an armored signature. Throws `Malformed`. */
export function readSshSignature(armored: string): SshSignature {
  if (armored.length > longest) throw new Malformed('it is too long')
  const lines = armored.trimEnd().split('\n')
  if (lines.shift() !== sshBegin || lines.pop() !== end)
    throw new Malformed('its first or last line is wrong')
  const wire = new Wire(fromBase64(lines.join('')))
  if (wire.take(magic.length).toString('latin1') !== magic) throw new Malformed('it does not begin as one')
  const version = wire.uint32()
  if (version !== 1) throw new Malformed(`it is of version ${version}`)
  const [key, namespace, reserved, hash, signature] = [
    wire.string(),
    wire.text(),
    wire.string(),
    wire.text(),
    wire.string(),
  ]
  wire.end()
  if (hash !== 'sha256' && hash !== 'sha512') throw new Malformed(`it is by the hash ${JSON.stringify(hash)}`)
  return { key, namespace, reserved, hash, signature }
}

/** Why the key did not make this signature for this message, as git does; undefined when it did. */
export function sshFault(signature: SshSignature, key: SshKey, message: Buffer): string | undefined {
  const { namespace, reserved, hash } = signature
  if (namespace !== purpose) return `it was made for ${JSON.stringify(namespace.slice(0, 50))}, not for git`
  const signed = Buffer.concat([
    Buffer.from(magic),
    wireString(namespace),
    wireString(reserved),
    wireString(hash),
    wireString(createHash(hash).update(message).digest()),
  ])
  return key.verifies(signature.signature, signed) ? undefined : 'the commit is not what was signed'
}
