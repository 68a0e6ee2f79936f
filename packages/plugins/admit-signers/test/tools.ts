import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Signers, type Signer } from '../src/config.js'
import { judge, type Verdict } from '../src/judge.js'
import { KeyFiles } from '../src/key-files.js'

/** A folder with keys in it, and the tools that people sign with. */
export class Tools {
  readonly folder = mkdtempSync(join(tmpdir(), 'ls-sign-'))
  readonly #env = {
    PATH: process.env['PATH'],
    HOME: this.folder,
    GNUPGHOME: join(this.folder, 'gnupg'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Ines',
    GIT_AUTHOR_EMAIL: 'ines@git.example',
    GIT_COMMITTER_NAME: 'Ines',
    GIT_COMMITTER_EMAIL: 'ines@git.example',
  }
  #keys = 0

  constructor() {
    mkdirSync(this.#env.GNUPGHOME, { mode: 0o700 })
  }

  close(): void {
    // GnuPG leaves an agent behind, which would keep its folder.
    this.run('gpgconf', ['--kill', 'all'], undefined, true)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  run(command: string, args: string[], input?: string | Buffer, mayFail = false): Buffer {
    try {
      return execFileSync(command, args, {
        env: this.#env,
        cwd: this.folder,
        timeout: 60_000,
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        ...(input !== undefined && { input }),
      })
    } catch (error) {
      if (mayFail) return Buffer.alloc(0)
      const said = (error as { stderr?: Buffer }).stderr?.toString()
      throw new Error(`${command} ${args.join(' ')}: ${said}`, { cause: error })
    }
  }

  /** Makes an SSH key; `line` is its public key as it stands in the config. */
  sshKey(type = 'ed25519', ...more: string[]): { file: string; line: string } {
    const file = join(this.folder, `key-${++this.#keys}`)
    this.run('ssh-keygen', ['-q', '-t', type, ...more, '-N', '', '-C', 'somebody', '-f', file])
    return { file, line: readFileSync(`${file}.pub`, 'utf8').trim() }
  }

  /** An armored signature by `ssh-keygen -Y sign`. */
  sshSign(file: string, data: Buffer, namespace = 'git', ...more: string[]): string {
    return this.run('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, ...more, '-f', file], data).toString()
  }

  /** Makes an OpenPGP key by the name, and answers its fingerprint. `at`: the time that GnuPG believes it to be. */
  pgpKey(name: string, { expires = 'never', algorithm = 'ed25519', usage = 'sign', at = '' } = {}): string {
    const args = ['--quick-generate-key', exactly(name).slice(1), algorithm, usage, expires]
    this.gpg(args, undefined, at)
    const listed = this.gpg(['--with-colons', '--fingerprint', exactly(name)]).toString()
    return /^fpr:+([0-9A-F]+):/m.exec(listed)![1]!
  }

  gpg(args: string[], input?: string | Buffer, at = ''): Buffer {
    const always = ['--batch', '--yes', '--no-tty', '--pinentry-mode', 'loopback', '--passphrase', '']
    return this.run('gpg', [...always, ...(at && [`--faked-system-time=${at}`]), ...args], input)
  }

  /** Writes what `gpg --export` says into a file beside the config. */
  pgpFile(name: string, armored = true): string {
    const file = `${name}.asc`
    writeFileSync(
      join(this.folder, file),
      this.gpg([...(armored ? ['--armor'] : []), '--export', exactly(name)]),
    )
    return file
  }

  pgpSign(key: string, data: Buffer, at = ''): string {
    return this.gpg(['--armor', '--detach-sign', '--local-user', key], data, at).toString()
  }

  /** The revocation certificate that GnuPG made with the key, and put a colon into so that nobody takes it by mistake. */
  pgpRevoke(fingerprint: string): void {
    const folder = join(this.#env.GNUPGHOME, 'openpgp-revocs.d')
    const file = readdirSync(folder).find((name) => name.startsWith(fingerprint))!
    this.gpg(['--import'], readFileSync(join(folder, file), 'utf8').replace(':-----BEGIN', '-----BEGIN'))
  }

  /** Judges an object by a policy as the config would hold it. */
  judge(object: Buffer, sha: string, signers: object[], now = Date.now()): Promise<Verdict> {
    const read: Signer[] = Signers.parse(signers)
    return judge(object, sha, read, new KeyFiles(() => this.folder), now)
  }
}

/** The user id of a name, as GnuPG looks for it and nothing that is only like it. */
function exactly(name: string): string {
  return `=${name} <${name}@git.example>`
}

/** A commit's object as git lays it out, with a header for a signature when there is one. */
export function objectOf(signature?: string, { header = 'gpgsig', before = '' } = {}): Buffer {
  const signed = signature === undefined ? '' : `${header} ${signature.trimEnd().replaceAll('\n', '\n ')}\n`
  return Buffer.from(
    `tree ${'4'.repeat(40)}\nauthor Ines <i@x> 1 +0000\ncommitter Ines <i@x> 1 +0000\n${before}${signed}\nA message\n`,
  )
}

/** The verdict's code, or the signer. */
export function word(verdict: Verdict): string {
  return 'code' in verdict ? verdict.code : verdict.signer
}

export const sha1 = 'a'.repeat(40)
