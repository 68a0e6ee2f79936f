import { needs } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Signers } from '../src/config.js'
import { objectOf, sha1, Tools } from './tools.js'

const faults = (signers: unknown) =>
  Signers.safeParse(signers).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('policy.signers', needs('ssh-keygen'), () => {
  let tools: Tools
  let ines: { file: string; line: string }
  beforeAll(() => {
    tools = new Tools()
    ines = tools.sshKey()
  })
  afterAll(() => tools.close())

  it('takes the line of a public key, with its comment or without', () => {
    expect(faults([{ name: 'ines', ssh: ines.line }])).toBeUndefined()
    expect(faults([{ name: 'ines', ssh: ines.line.replace(' somebody', '') }])).toBeUndefined()
    expect(faults([{ name: 'ines', gpg: './keys/ines.asc', validBefore: '2030-01-31' }])).toBeUndefined()
    expect(Signers.parse(undefined)).toEqual([])
  })

  it('tells what is wrong with an entry, and never what stands in it', () => {
    const rsa = tools.sshKey('rsa', '-b', '1024').line
    const [type, key] = ines.line.split(' ')
    const cases: [object, RegExp][] = [
      [{ name: 'ines' }, /^0: either ssh or gpg/],
      [{ name: 'ines', ssh: ines.line, gpg: 'x' }, /^0: either ssh or gpg/],
      [{ name: '', ssh: ines.line }, /^0\.name: /],
      [{ name: 'ines', ssh: `${type}` }, /^0\.ssh: .*Base64/],
      [{ name: 'ines', ssh: `ssh-rsa ${key}` }, /^0\.ssh: .*says ssh-rsa and is of type ssh-ed25519/],
      [{ name: 'ines', ssh: `${type} ${key!.slice(0, -4)}` }, /^0\.ssh: /],
      [{ name: 'ines', ssh: rsa }, /^0\.ssh: .*2048 to 16384 bits, this one 1024/],
      [{ name: 'ines', ssh: `command="x" ${ines.line}` }, /^0\.ssh: /],
      [{ name: 'ines', ssh: ines.line, validBefore: 'soon' }, /^0\.validBefore: a time is RFC 3339/],
      [{ name: 'ines', ssh: ines.line, expires: '2030-01-01' }, /^0: .*expires/],
    ]
    for (const [signer, say] of cases)
      expect(faults([signer]), String(say)).toEqual([expect.stringMatching(say)])
  })

  it('takes a key once', () => {
    const twice = [
      { name: 'ines', ssh: ines.line },
      { name: 'ada', ssh: ines.line.replace('somebody', 'ada') },
    ]
    expect(faults(twice)).toEqual([expect.stringMatching(/^1: this key is that of ines already/)])
  })

  it('says until when and from when on a key counts, and that it is revoked', async () => {
    const object = objectOf(tools.sshSign(ines.file, objectOf()))
    const judge = (more: object, at: string) =>
      tools.judge(object, sha1, [{ name: 'ines', ssh: ines.line, ...more }], Date.parse(at))
    const until = { validBefore: '2026-02-01' }
    expect(await judge(until, '2026-01-31T23:59:59.999Z')).toEqual({ signer: 'ines' })
    expect(await judge(until, '2026-02-01')).toEqual({
      code: 'SIGNER_EXPIRED',
      reason: 'it is signed by ines, whose key counted until 2026-02-01T00:00:00.000Z',
    })
    const from = { validAfter: '2026-02-01T00:00:00+02:00' }
    expect(await judge(from, '2026-01-31T21:59:59Z')).toMatchObject({ code: 'SIGNER_EXPIRED' })
    expect(await judge(from, '2026-01-31T22:00:00Z')).toEqual({ signer: 'ines' })
    expect(await judge({ revoked: true }, '2026-01-01')).toMatchObject({ code: 'SIGNER_REVOKED' })
    expect(await judge({ revoked: true, ...until }, '2027-01-01')).toMatchObject({ code: 'SIGNER_REVOKED' })
  })
})
