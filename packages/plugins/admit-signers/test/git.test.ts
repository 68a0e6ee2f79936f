import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { needs } from '@longshore/core/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { splitCommit } from '../src/commit-object.js'
import { objectOf, sha1, Tools, word } from './tools.js'

describe('a commit that git made', needs('ssh-keygen'), () => {
  let tools: Tools
  let ines: { file: string; line: string }
  let signers: object[]
  let repository: string
  let [repositories, commits] = [0, 0]
  beforeAll(() => {
    tools = new Tools()
    ines = tools.sshKey()
    signers = [{ name: 'ines', ssh: ines.line }]
  })
  afterAll(() => tools.close())
  beforeEach(() => makeRepository())

  function makeRepository(format = 'sha1') {
    repository = join(tools.folder, `repository-${++repositories}`)
    mkdirSync(repository)
    git('init', '--quiet', '--initial-branch=main', `--object-format=${format}`)
    git('config', 'gpg.format', 'ssh')
    git('config', 'user.signingkey', ines.file)
  }
  const git = (...args: string[]) => tools.run('git', ['-C', repository, ...args])
  const commit = (...args: string[]) =>
    git('commit', '--quiet', '--allow-empty', '-m', `Größe ${++commits}`, ...args)

  async function judge(policy = signers): Promise<string> {
    const sha = git('rev-parse', 'HEAD').toString().trim()
    return word(await tools.judge(git('cat-file', 'commit', sha), sha, policy))
  }

  it('counts when it is signed, and not when it is not', async () => {
    commit('-S')
    expect(await judge()).toBe('ines')
    commit()
    expect(await judge()).toBe('SIGNATURE_MISSING')
    git('commit', '--quiet', '--amend', '--allow-empty', '-m', 'Other', '-S')
    expect(await judge()).toBe('ines')
  })

  it('of two branches counts by its own signature, and not by those of its parents', async () => {
    commit('-S')
    git('switch', '--quiet', '-c', 'other')
    commit('-S')
    git('switch', '--quiet', 'main')
    commit('-S')
    git('merge', '--quiet', '--no-ff', '-m', 'Merge', 'other')
    expect(await judge()).toBe('SIGNATURE_MISSING')
    git('commit', '--quiet', '--amend', '--no-edit', '-S')
    expect(await judge()).toBe('ines')
  })

  it('counts not by a signed tag on it, nor by one that it merges', async () => {
    commit()
    git('tag', '-s', '-m', 'signed', 'v1')
    expect(await judge()).toBe('SIGNATURE_MISSING')
    git('switch', '--quiet', '-c', 'other')
    commit()
    git('tag', '-s', '-m', 'signed', 'v2')
    git('switch', '--quiet', 'main')
    commit()
    git('merge', '--quiet', '--no-ff', '-m', 'Merge', 'v2')
    expect(git('cat-file', 'commit', 'HEAD').toString()).toMatch(/^mergetag[^]*SSH SIGNATURE/m)
    expect(await judge()).toBe('SIGNATURE_MISSING')
    git('commit', '--quiet', '--amend', '--no-edit', '-S')
    expect(git('cat-file', 'commit', 'HEAD').toString()).toMatch(/^mergetag/m)
    expect(await judge()).toBe('ines')
  })

  it('counts not by signers whom the repository itself names', async () => {
    const eve = tools.sshKey()
    writeFileSync(join(repository, 'allowed_signers'), `* ${eve.line}\n`)
    writeFileSync(join(repository, '.gitconfig'), '[gpg "ssh"]\n\tallowedSignersFile = allowed_signers\n')
    git('add', '.')
    git('-c', `user.signingkey=${eve.file}`, 'commit', '--quiet', '-m', 'Trust me', '-S')
    expect(await judge()).toBe('SIGNER_UNKNOWN')
  })

  it('counts with a message of another encoding, and one that looks like a signature', async () => {
    git(
      '-c',
      'i18n.commitEncoding=ISO-8859-1',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'Gr\u00f6\u00dfe',
      '-S',
    )
    expect(await judge()).toBe('ines')
    commit('-m', 'gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA', '-S')
    expect(await judge()).toBe('ines')
    commit('-m', 'gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA')
    expect(await judge()).toBe('SIGNATURE_MISSING')
  })

  it('counts in a repository that counts by SHA-256', async () => {
    makeRepository('sha256')
    commit('-S')
    expect(await judge()).toBe('ines')
    commit()
    expect(await judge()).toBe('SIGNATURE_MISSING')
  })

  it('counts by GnuPG as well', needs('gpg'), async () => {
    const key = tools.pgpKey('ada')
    const policy = [...signers, { name: 'ada', gpg: tools.pgpFile('ada') }]
    git('config', 'gpg.format', 'openpgp')
    git('config', 'user.signingkey', key)
    commit('-S')
    expect(await judge(policy)).toBe('ada')
    expect(await judge()).toBe('SIGNER_UNKNOWN')
  })
})

describe('the object of a commit', () => {
  const signature = 'A\n\nB\n'
  it('is taken apart into what was signed and the signature', () => {
    expect(splitCommit(objectOf(signature), sha1)).toEqual({ payload: objectOf(), signature })
    expect(splitCommit(objectOf(), sha1)).toBeUndefined()
    expect(splitCommit(Buffer.from('gpgsig A'), sha1)).toEqual({ payload: Buffer.alloc(0), signature: 'A' })
    expect(splitCommit(Buffer.alloc(0), sha1)).toBeUndefined()
  })

  it.each([
    ['two signatures', objectOf(signature, { before: 'gpgsig C\n D\n' })],
    ['one of either kind', objectOf(signature, { before: 'gpgsig-sha256 C\n' })],
    ['one of the other kind alone', objectOf(signature, { header: 'gpgsig-sha256' })],
    ['one of a kind that nobody knows', objectOf(signature, { header: 'gpgsig2' })],
    ['a header without a value', objectOf(undefined, { before: 'gpgsig\n' })],
    ['one that is longer than any', objectOf('A'.repeat(70_000))],
  ])('with %s is refused', async (_what, object) => {
    expect(() => splitCommit(object, sha1)).toThrow()
    const tools = new Tools()
    expect(word(await tools.judge(object, sha1, [{ name: 'x', gpg: 'x' }]))).toBe('SIGNATURE_BAD')
    tools.close()
  })
})
