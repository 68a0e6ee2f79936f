import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** What stands at a path: text or bytes, or those with a mode: an executable, a symlink's target, a submodule's sha. */
export type TreeFile =
  string | Buffer | { mode: '100644' | '100755' | '120000' | '160000'; content: string | Buffer }

export interface CommitOptions {
  message?: string
  /** What the branch shall be built on: a sha, or null for nothing. Absent: on what it points to now. */
  parent?: string | null
}

const identity = 'Ines <ines@git.example>'

/** A bare repository that tests write straight into, without a work tree. */
export class GitRepository {
  #clock = Math.floor(Date.now() / 1000) - 1_000_000

  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Makes a commit whose whole tree is these files and points the branch to it; answers its sha. */
  async commit(
    branch: string,
    files: Record<string, TreeFile>,
    options: CommitOptions = {},
  ): Promise<string> {
    const ref = `refs/heads/${branch}`
    const parent = options.parent === undefined ? await this.sha(ref) : options.parent
    const parts: (string | Buffer)[] = [
      `reset ${ref}\n\n`,
      ...header(ref, options.message ?? 'Change', ++this.#clock),
    ]
    if (parent) parts.push(`from ${parent}\n`)
    parts.push('deleteall\n')
    for (const [path, file] of Object.entries(files)) parts.push(...entry(path, file))
    await this.import(Buffer.concat(parts.map((part) => Buffer.from(part))))
    return (await this.sha(ref))!
  }

  /** Runs `git fast-import`: for histories that are long or trees that are odd. */
  async import(stream: Buffer): Promise<void> {
    await this.git(['fast-import', '--quiet', '--force'], stream)
  }

  /** Points a ref at a sha: makes a branch, moves one, rewinds one. */
  async point(ref: string, sha: string): Promise<void> {
    await this.git(['update-ref', ref, sha])
  }

  async remove(ref: string): Promise<void> {
    await this.git(['update-ref', '-d', ref])
  }

  /** Where a ref points, if it is there. */
  async sha(ref: string): Promise<string | undefined> {
    return (await this.git(['for-each-ref', '--format=%(objectname)', ref])).toString().trim() || undefined
  }

  /** Runs git in the repository; answers its output. */
  git(args: string[], input?: Buffer): Promise<Buffer> {
    return runGit(['-C', this.folder, ...args], input)
  }
}

function header(ref: string, message: string, time: number): (string | Buffer)[] {
  const bytes = Buffer.from(message)
  return [`commit ${ref}\ncommitter ${identity} ${time} +0000\ndata ${bytes.length}\n`, bytes, '\n']
}

function entry(path: string, file: TreeFile): (string | Buffer)[] {
  const { mode, content } =
    typeof file === 'string' || Buffer.isBuffer(file) ? { mode: '100644', content: file } : file
  const name = JSON.stringify(path)
  if (mode === '160000') return [`M ${mode} ${content.toString()} ${name}\n`]
  const bytes = Buffer.from(content as string)
  return [`M ${mode} inline ${name}\ndata ${bytes.length}\n`, bytes, '\n']
}

/** Runs git with nobody's config and answers its output; throws with what it printed when it fails. */
export async function runGit(args: string[], input?: Buffer): Promise<Buffer> {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ines',
    GIT_AUTHOR_EMAIL: 'ines@git.example',
    GIT_COMMITTER_NAME: 'Ines',
    GIT_COMMITTER_EMAIL: 'ines@git.example',
  }
  const child = spawn('git', args, { env, timeout: 5 * 60_000 })
  const out: Buffer[] = []
  const said: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0)
    throw new Error(`git ${args.join(' ')} failed: ${Buffer.concat(said).toString().slice(0, 2000)}`)
  return Buffer.concat(out)
}
