import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { Malformed, Wire } from './wire.js'

/** A public key of SSH. */
export interface SshKey {
  type: string
  /** As it stands in files and in signatures. */
  blob: Buffer
  /** Whether it made this signature (the blob of a signature, with its algorithm) of the data. Throws `Malformed`. */
  verifies(signature: Buffer, data: Buffer): boolean
}

/** Bits of an RSA key that is still taken. */
const leastBits = 2048

interface Curve {
  name: string
  crv: string
  hash: string
  /** Bytes of a coordinate. */
  size: number
}

const curves: Curve[] = [
  { name: 'nistp256', crv: 'P-256', hash: 'sha256', size: 32 },
  { name: 'nistp384', crv: 'P-384', hash: 'sha384', size: 48 },
  { name: 'nistp521', crv: 'P-521', hash: 'sha512', size: 66 },
]

/** Reads a public key as it stands in a file: its type, its blob in Base64, and perhaps a comment. Throws `Malformed`. */
export function readSshKey(line: string): SshKey {
  const [type = '', base64 = ''] = line.trim().split(/\s+/)
  const key = sshKey(fromBase64(base64))
  if (key.type !== type) throw new Malformed(`it says ${type} and is of type ${key.type}`)
  return key
}

/** The fingerprint as ssh-keygen prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** Base64 and nothing else. Throws `Malformed`. */
export function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (text === '' || bytes.toString('base64') !== text) throw new Malformed('it is no Base64')
  return bytes
}

function sshKey(blob: Buffer): SshKey {
  const wire = new Wire(blob)
  const type = wire.text()
  const made = plain(type, wire) ?? inToken(type, wire)
  if (!made) throw new Malformed(`keys of type ${JSON.stringify(type)} are not taken`)
  wire.end()
  return { type, blob, verifies: made }
}

type Verifies = SshKey['verifies']

function plain(type: string, wire: Wire): Verifies | undefined {
  if (type === 'ssh-rsa') return rsa(wire)
  const curve = curves.find(({ name }) => type === `ecdsa-sha2-${name}`)
  const check = type === 'ssh-ed25519' ? ed25519(wire) : curve && ecdsa(wire, curve)
  if (!check) return undefined
  return (signature, data) => {
    const inner = new Wire(signature)
    if (inner.text() !== type) return false
    const value = inner.string()
    inner.end()
    return check(value, data)
  }
}

/** Of a key in a security token: what it signs holds besides the data what it signs for, and that somebody was there. */
function inToken(type: string, wire: Wire): Verifies | undefined {
  const [curve] = curves
  const isEd = type === 'sk-ssh-ed25519@openssh.com'
  const check = isEd
    ? ed25519(wire)
    : type === 'sk-ecdsa-sha2-nistp256@openssh.com'
      ? ecdsa(wire, curve!)
      : undefined
  if (!check) return undefined
  const application = sha256(wire.string())
  return (signature, data) => {
    const inner = new Wire(signature)
    if (inner.text() !== type) return false
    const value = inner.string()
    const flagsAndCounter = inner.take(5)
    inner.end()
    // The lowest bit: somebody touched it.
    if ((flagsAndCounter[0]! & 1) === 0) return false
    return check(value, Buffer.concat([application, flagsAndCounter, sha256(data)]))
  }
}

type Check = (signature: Buffer, data: Buffer) => boolean

function ed25519(wire: Wire): Check {
  const x = wire.string()
  if (x.length !== 32) throw new Malformed('its point has a wrong length')
  const key = imported({ kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') })
  return (signature, data) => signature.length === 64 && verify(null, data, key, signature)
}

function ecdsa(wire: Wire, { name, crv, hash, size }: Curve): Check {
  if (wire.text() !== name) throw new Malformed('its curve is not that of its type')
  const point = wire.string()
  if (point.length !== 1 + 2 * size || point[0] !== 4) throw new Malformed('its point is not on the curve')
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map((each) =>
    each.toString('base64url'),
  )
  const key = imported({ kty: 'EC', crv, x: x!, y: y! })
  return (signature, data) => {
    const inner = new Wire(signature)
    const parts = [inner.number(), inner.number()]
    inner.end()
    if (parts.some(({ length }) => length > size)) return false
    const both = Buffer.concat(parts.map((each) => padded(each, size)))
    return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, both)
  }
}

/** Never with SHA-1, which the type of the key stands for when it signs. */
const rsaHashes = new Map([
  ['rsa-sha2-256', 'sha256'],
  ['rsa-sha2-512', 'sha512'],
])

function rsa(wire: Wire): Verifies {
  const [e, n] = [wire.number(), wire.number()]
  const bits = 8 * n.length - (n.length > 0 ? Math.clz32(n[0]!) - 24 : 0)
  if (bits < leastBits || bits > 16_384)
    throw new Malformed(`an RSA key has ${leastBits} to 16384 bits, this one ${bits}`)
  const key = imported({ kty: 'RSA', n: n.toString('base64url'), e: e.toString('base64url') })
  return (signature, data) => {
    const inner = new Wire(signature)
    const hash = rsaHashes.get(inner.text())
    const value = inner.string()
    inner.end()
    if (hash === undefined || value.length > n.length) return false
    return verify(hash, data, key, padded(value, n.length))
  }
}

function imported(key: JsonWebKey) {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    throw new Malformed('it is no point of its curve, or no number that a key has')
  }
}

function padded(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.alloc(length - bytes.length), bytes])
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
