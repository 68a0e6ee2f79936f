import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { needs } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSshKey } from '../src/ssh-key.js'
import { readSshSignature, sshBegin } from '../src/sshsig.js'
import { Wire, wireString } from '../src/wire.js'
import { objectOf, sha1, Tools, word } from './tools.js'

const payload = objectOf()

/** The armored signature of these bytes. */
function armor(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,70}/g)!
  return [sshBegin, ...lines, '-----END SSH SIGNATURE-----', ''].join('\n')
}

function bytesOf(armored: string): Buffer {
  return Buffer.from(armored.split('\n').slice(1, -2).join(''), 'base64')
}

/** What a signature consists of, to be put together anew. */
function sealed({
  namespace = 'git',
  hash = 'sha512',
  key = Buffer.alloc(0),
  signature = Buffer.alloc(0),
}: {
  namespace?: string
  hash?: string
  key?: Buffer
  signature?: Buffer
}): Buffer {
  const version = Buffer.from([0, 0, 0, 1])
  return Buffer.concat([
    Buffer.from('SSHSIG'),
    version,
    wireString(key),
    wireString(namespace),
    wireString(''),
    wireString(hash),
    wireString(signature),
  ])
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest()
}

/** What is signed for the payload. */
function toSign(hash = 'sha512'): Buffer {
  const digest = createHash(hash).update(payload).digest()
  return Buffer.concat([Buffer.from('SSHSIG'), ...['git', '', hash].map(wireString), wireString(digest)])
}

describe('a signature by an SSH key', needs('ssh-keygen'), () => {
  let tools: Tools
  beforeAll(() => {
    tools = new Tools()
  })
  afterAll(() => tools.close())

  const judge = async (signature: string, ...signers: object[]) =>
    word(await tools.judge(objectOf(signature), sha1, signers))

  it.each([
    ['ed25519'],
    ['rsa', '-b', '2048'],
    ['rsa', '-b', '3072'],
    ['ecdsa', '-b', '256'],
    ['ecdsa', '-b', '384'],
    ['ecdsa', '-b', '521'],
  ])('of type %s %s %s counts when the key is named, and only for that commit', async (type, ...more) => {
    const { file, line } = tools.sshKey(type, ...more)
    const signature = tools.sshSign(file, payload)
    const ines = { name: 'ines', ssh: line }
    expect(await judge(signature, { name: 'ada', ssh: tools.sshKey().line }, ines)).toBe('ines')
    const other = objectOf(signature, { before: 'encoding UTF-8\n' })
    expect(word(await tools.judge(other, sha1, [ines]))).toBe('SIGNATURE_BAD')
    expect(await judge(signature, { name: 'ada', ssh: tools.sshKey().line })).toBe('SIGNER_UNKNOWN')
  })

  it('by SHA-256 counts as well, and one by another hash does not', async () => {
    const { file, line } = tools.sshKey()
    const signature = tools.sshSign(file, payload, 'git', '-O', 'hashalg=sha256')
    expect(readSshSignature(signature).hash).toBe('sha256')
    expect(await judge(signature, { name: 'ines', ssh: line })).toBe('ines')
    const key = readSshKey(line).blob
    expect(await judge(armor(sealed({ key, hash: 'md5' })), { name: 'ines', ssh: line })).toBe(
      'SIGNATURE_BAD',
    )
  })

  it('that was made for something else does not count', async () => {
    const { file, line } = tools.sshKey()
    for (const namespace of ['file', 'Git', 'git2', 'ssh'])
      expect(await judge(tools.sshSign(file, payload, namespace), { name: 'ines', ssh: line })).toBe(
        'SIGNATURE_BAD',
      )
  })

  it('by RSA with SHA-1 does not count', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { n, e } = publicKey.export({ format: 'jwk' })
    const number = (text: string) =>
      wireString(Buffer.concat([Buffer.alloc(1), Buffer.from(text, 'base64url')]))
    const key = Buffer.concat([wireString('ssh-rsa'), wireString(Buffer.from(e!, 'base64url')), number(n!)])
    const ines = { name: 'ines', ssh: `ssh-rsa ${key.toString('base64')}` }
    const by = (algorithm: string, hash: string) => {
      const signature = Buffer.concat([wireString(algorithm), wireString(sign(hash, toSign(), privateKey))])
      return judge(armor(sealed({ key, signature })), ines)
    }
    expect(await by('rsa-sha2-512', 'sha512')).toBe('ines')
    expect(await by('rsa-sha2-256', 'sha256')).toBe('ines')
    expect(await by('ssh-rsa', 'sha1')).toBe('SIGNATURE_BAD')
    expect(await by('rsa-sha2-256', 'sha1')).toBe('SIGNATURE_BAD')
    expect(await by('rsa-sha2-256', 'sha512')).toBe('SIGNATURE_BAD')
  })

  it('by a key in a security token counts when somebody touched it, as ssh-keygen has it too', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const point = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url')
    const type = 'sk-ssh-ed25519@openssh.com'
    const key = Buffer.concat([type, point, 'ssh:'].map((each) => wireString(each)))
    const line = `${type} ${key.toString('base64')}`
    const touched = (flags: number) => {
      const tail = Buffer.from([flags, 0, 0, 0, 7])
      const value = sign(null, Buffer.concat([sha256('ssh:'), tail, sha256(toSign())]), privateKey)
      return armor(sealed({ key, signature: Buffer.concat([wireString(type), wireString(value), tail]) }))
    }
    expect(await judge(touched(1), { name: 'ines', ssh: line })).toBe('ines')
    expect(await judge(touched(5), { name: 'ines', ssh: line })).toBe('ines')
    expect(await judge(touched(4), { name: 'ines', ssh: line })).toBe('SIGNATURE_BAD')
    writeFileSync(join(tools.folder, 'allowed'), `ines ${line}\n`)
    writeFileSync(join(tools.folder, 'token.sig'), touched(1))
    tools.run(
      'ssh-keygen',
      ['-Y', 'verify', '-n', 'git', '-f', 'allowed', '-I', 'ines', '-s', 'token.sig'],
      payload,
    )
  })

  it('by an elliptic key in a security token counts, too', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x, y } = publicKey.export({ format: 'jwk' })
    const type = 'sk-ecdsa-sha2-nistp256@openssh.com'
    const point = Buffer.concat([
      Buffer.from([4]),
      Buffer.from(x!, 'base64url'),
      Buffer.from(y!, 'base64url'),
    ])
    const key = Buffer.concat([type, 'nistp256', point, 'ssh:'].map((each) => wireString(each)))
    const tail = Buffer.from([1, 0, 0, 0, 9])
    const data = Buffer.concat([sha256('ssh:'), tail, sha256(toSign())])
    const both = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    const number = (bytes: Buffer) =>
      wireString(bytes[0]! & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes)
    const value = Buffer.concat([number(both.subarray(0, 32)), number(both.subarray(32))])
    const signature = Buffer.concat([wireString(type), wireString(value), tail])
    const line = `${type} ${key.toString('base64')}`
    expect(await judge(armor(sealed({ key, signature })), { name: 'ines', ssh: line })).toBe('ines')
  })

  it('that is cut, prolonged or changed anywhere never counts, and never throws', async () => {
    const { file, line } = tools.sshKey('ecdsa', '-b', '256')
    const good = bytesOf(tools.sshSign(file, payload))
    const ines = { name: 'ines', ssh: line }
    const said = new Set<string>()
    for (let length = 0; length < good.length; length++)
      said.add(await judge(armorOf(good.subarray(0, length)), ines))
    said.add(await judge(armor(Buffer.concat([good, Buffer.alloc(1)])), ines))
    for (let at = 0; at < good.length; at++) {
      for (const bit of [1, 128]) {
        const changed = Buffer.from(good)
        changed[at]! ^= bit
        said.add(await judge(armor(changed), ines))
      }
    }
    expect([...said].sort()).toEqual(['SIGNATURE_BAD', 'SIGNER_UNKNOWN'])
    expect(await judge(armor(good), ines)).toBe('ines')
  })

  it('with lengths that lie, or of no end, is refused at once', async () => {
    const { line } = tools.sshKey()
    const ines = { name: 'ines', ssh: line }
    const lies = Buffer.concat([Buffer.from('SSHSIG'), Buffer.from([0, 0, 0, 1, 255, 255, 255, 255])])
    expect(await judge(armor(lies), ines)).toBe('SIGNATURE_BAD')
    expect(await judge(`${sshBegin}\n${'A'.repeat(60_000)}\n-----END SSH SIGNATURE-----`, ines)).toBe(
      'SIGNATURE_BAD',
    )
    expect(await judge(sshBegin, ines)).toBe('SIGNATURE_BAD')
    expect(await judge(`${sshBegin}\n!!!!\n-----END SSH SIGNATURE-----`, ines)).toBe('SIGNATURE_BAD')
  })
})

/** Nothing has no lines. */
function armorOf(bytes: Buffer): string {
  return bytes.length === 0 ? `${sshBegin}\n-----END SSH SIGNATURE-----\n` : armor(bytes)
}

describe('what SSH writes', () => {
  it('is read as it stands, and not beyond', () => {
    const wire = new Wire(Buffer.concat([wireString('git'), wireString(Buffer.from([0, 0, 5]))]))
    expect(wire.text()).toBe('git')
    expect(wire.number()).toEqual(Buffer.from([5]))
    wire.end()
    expect(() => wire.byte()).toThrow('ends too soon')
    expect(() => new Wire(wireString(Buffer.from([128]))).number()).toThrow('negative')
  })
})
