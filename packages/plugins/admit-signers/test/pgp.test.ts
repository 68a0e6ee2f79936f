import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { needs } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { objectOf, sha1, Tools, word } from './tools.js'

const payload = objectOf()
const day = 86_400_000

describe('a signature by an OpenPGP key', needs('gpg'), () => {
  let tools: Tools
  beforeAll(() => {
    tools = new Tools()
  })
  afterAll(() => tools.close())

  const judge = async (signature: string, signers: object[], now?: number) =>
    word(await tools.judge(objectOf(signature), sha1, signers, now))

  it.each(['ed25519', 'rsa2048', 'nistp256'])(
    'of type %s counts when the key is named, and only for that commit',
    async (algorithm) => {
      const name = `of-${algorithm}`
      const key = tools.pgpKey(name, { algorithm })
      const signature = tools.pgpSign(key, payload)
      for (const armored of [true, false]) {
        const ines = { name, gpg: tools.pgpFile(name, armored) }
        expect(await judge(signature, [ines])).toBe(name)
        const other = objectOf(signature, { before: 'encoding UTF-8\n' })
        expect(word(await tools.judge(other, sha1, [ines]))).toBe('SIGNATURE_BAD')
      }
    },
  )

  it('by a key that nobody named is told from one that is bad', async () => {
    const [ines, eve] = [tools.pgpKey('ines'), tools.pgpKey('eve')]
    const signers = [{ name: 'ines', gpg: tools.pgpFile('ines') }]
    const verdict = await tools.judge(objectOf(tools.pgpSign(eve, payload)), sha1, signers)
    expect(verdict).toMatchObject({
      code: 'SIGNER_UNKNOWN',
      reason: expect.stringContaining(eve.slice(-16).toLowerCase()),
    })
    const signature = tools.pgpSign(ines, payload)
    expect(await judge(signature, signers)).toBe('ines')
    expect(
      await judge(
        signature.replace(/\n\n(.{10})/, (_, start: string) => `\n\n${start.toLowerCase()}`),
        signers,
      ),
    ).toBe('SIGNATURE_BAD')
    expect(await judge('-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----', signers)).toBe(
      'SIGNATURE_BAD',
    )
    expect(await judge('-----BEGIN PGP SIGNATURE-----', signers)).toBe('SIGNATURE_BAD')
  })

  it('by a key that has expired since does not count any more', async () => {
    const key = tools.pgpKey('short', { expires: '2d' })
    const signers = [{ name: 'short', gpg: tools.pgpFile('short') }]
    const signature = tools.pgpSign(key, payload)
    expect(await judge(signature, signers)).toBe('short')
    expect(await judge(signature, signers, Date.now() + 3 * day)).toBe('SIGNER_EXPIRED')
  })

  it('that says it was made before its key expired does not count all the same', async () => {
    const key = tools.pgpKey('past', { expires: '10d', at: '20200101T000000!' })
    const signers = [{ name: 'past', gpg: tools.pgpFile('past') }]
    const signature = tools.pgpSign(key, payload, '20200103T000000!')
    expect(await judge(signature, signers)).toBe('SIGNER_EXPIRED')
    expect(await judge(signature, signers, Date.parse('2020-01-05'))).toBe('past')
  })

  it('by a key that is revoked does not count, also when it was made before', async () => {
    const key = tools.pgpKey('gone')
    const signature = tools.pgpSign(key, payload)
    const before = tools.pgpFile('gone')
    expect(await judge(signature, [{ name: 'gone', gpg: before }])).toBe('gone')
    tools.pgpRevoke(key)
    writeFileSync(join(tools.folder, 'newer.asc'), tools.gpg(['--armor', '--export', 'gone']))
    expect(await judge(signature, [{ name: 'gone', gpg: 'newer.asc' }])).toBe('SIGNER_REVOKED')
    const both = [
      { name: 'gone', gpg: before },
      { name: 'again', gpg: 'newer.asc' },
    ]
    expect(await judge(signature, both)).toBe('SIGNER_REVOKED')
  })

  it('by a subkey counts for its owner, until the subkey expires or is revoked', async () => {
    const key = tools.pgpKey('owner', { usage: 'cert' })
    tools.gpg(['--quick-add-key', key, 'ed25519', 'sign', '5d'])
    const signers = [{ name: 'owner', gpg: tools.pgpFile('owner') }]
    const signature = tools.pgpSign('owner', payload)
    expect(await judge(signature, signers)).toBe('owner')
    expect(await judge(signature, signers, Date.now() + 6 * day)).toBe('SIGNER_EXPIRED')
    // `revkey` of the first subkey, yes, reason 0, no text, yes.
    tools.gpg(['--no-batch', '--command-fd', '0', '--edit-key', key], 'key 1\nrevkey\ny\n0\n\ny\nsave\n')
    tools.pgpFile('owner')
    expect(await judge(signature, signers)).toBe('SIGNER_REVOKED')
  })

  it('by a key that is not for signing does not count', async () => {
    const key = tools.pgpKey('certifier', { usage: 'cert,sign' })
    const signature = tools.pgpSign(key, payload)
    expect(await judge(signature, [{ name: 'certifier', gpg: tools.pgpFile('certifier') }])).toBe('certifier')
    tools.gpg(['--no-batch', '--command-fd', '0', '--edit-key', key], 'change-usage\nS\nQ\nsave\n')
    expect(await judge(signature, [{ name: 'certifier', gpg: tools.pgpFile('certifier') }])).toBe(
      'SIGNATURE_BAD',
    )
  })

  it('of a text, twice over, or within a message is none', async () => {
    const key = tools.pgpKey('odd')
    const signers = [{ name: 'odd', gpg: tools.pgpFile('odd') }]
    const text = tools.gpg(['--armor', '--textmode', '--detach-sign', '-u', key], payload).toString()
    expect(await judge(text, signers)).toBe('SIGNATURE_BAD')
    const other = tools.pgpKey('odder')
    const two = tools.gpg(['--armor', '--detach-sign', '-u', key, '-u', other], payload).toString()
    expect(await judge(two, signers)).toBe('SIGNATURE_BAD')
    const whole = tools.gpg(['--armor', '--sign', '-u', key], payload).toString()
    expect(await judge(whole, signers)).toBe('SIGNATURE_BAD')
    const weak = tools
      .gpg(['--armor', '--digest-algo', 'SHA1', '--detach-sign', '-u', key], payload)
      .toString()
    expect(await judge(weak, signers)).toBe('SIGNATURE_BAD')
  })

  it('is told apart from keys that cannot be read, of which one does not hinder the others', async () => {
    const key = tools.pgpKey('there')
    const signature = tools.pgpSign(key, payload)
    mkdirSync(join(tools.folder, 'folder.asc'))
    writeFileSync(join(tools.folder, 'empty.asc'), '')
    writeFileSync(join(tools.folder, 'text.asc'), 'no key at all')
    const bad = ['absent.asc', 'folder.asc', 'empty.asc', 'text.asc'].map((gpg) => ({ name: gpg, gpg }))
    const verdict = await tools.judge(objectOf(signature), sha1, bad)
    expect(verdict).toMatchObject({ code: 'SIGNER_UNKNOWN' })
    for (const { gpg } of bad) expect(JSON.stringify(verdict)).toContain(join(tools.folder, gpg))
    expect(await judge(signature, [...bad, { name: 'there', gpg: tools.pgpFile('there') }])).toBe('there')
  })

  it('may be by any key of a file, which holds blocks of several', async () => {
    const [one, two] = [tools.pgpKey('one'), tools.pgpKey('two')]
    const armored = [one, two].map((key) => tools.gpg(['--armor', '--export', key]).toString())
    writeFileSync(join(tools.folder, 'team.asc'), `Our keys:\n\n${armored.join('\n')}`)
    const signers = [{ name: 'team', gpg: 'team.asc' }]
    for (const key of [one, two]) expect(await judge(tools.pgpSign(key, payload), signers)).toBe('team')
  })
})
