import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { promisify } from 'node:util'
import { deadline } from '../waiting/deadline.js'

/** The program that `npm run provision` built; undefined when it is not there. */
export function giteaBinary(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const place = join(cache, 'longshore', 'gitea-v1.26.0', 'gitea')
  return existsSync(place) ? place : undefined
}

/** Milliseconds that it may take to make its database and to answer, on a busy machine. */
const patience = 120_000
/** Who everything belongs to. */
const owner = 'ines'

/** A real forge on loopback, with nothing in it; what it needs lies in a folder that `close` removes. */
export class Gitea {
  readonly url: string
  /** May do everything as its owner. */
  readonly token: string
  readonly owner = owner
  readonly #folder: string
  readonly #process: ChildProcess

  private constructor(url: string, token: string, folder: string, process: ChildProcess) {
    this.url = url
    this.token = token
    this.#folder = folder
    this.#process = process
  }

  static async start(): Promise<Gitea> {
    const binary = giteaBinary()
    if (!binary) throw new Error('there is no Gitea: run npm run provision')
    const folder = await mkdtemp(join(tmpdir(), 'longshore-gitea-'))
    const port = await freePort()
    const config = join(folder, 'app.ini')
    await writeFile(config, settings(folder, dirname(binary), port))
    const env = { PATH: process.env['PATH'], HOME: folder, GITEA_WORK_DIR: folder }
    const run = async (...args: string[]) => {
      const { stdout } = await promisify(execFile)(binary, [...args, '--config', config], {
        env,
        timeout: patience,
      })
      return stdout
    }
    await run('migrate')
    const account = ['--username', owner, '--email', 'ines@git.example', '--random-password', '--admin']
    await run('admin', 'user', 'create', ...account, '--must-change-password=false')
    const scopes = ['--scopes', 'all', '--raw']
    const token = await run('admin', 'user', 'generate-access-token', '--username', owner, ...scopes)
    const child = spawn(binary, ['web', '--config', config], { env, stdio: 'ignore' })
    const gitea = new Gitea(`http://127.0.0.1:${port}`, token.trim().split('\n').at(-1)!, folder, child)
    await gitea.#ready()
    return gitea
  }

  /** Asks its API; answers what that says, or throws with its status. */
  async api(method: string, path: string, body?: object): Promise<any> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `token ${this.token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal: deadline(patience),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`)
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  }

  /** Makes an empty repository of the owner's that everybody may read; answers its address. */
  async repository(name: string): Promise<string> {
    await this.api('POST', '/user/repos', { name, default_branch: 'main', private: false })
    return `${this.url}/${owner}/${name}.git`
  }

  /** Writes a file by a commit on `main`; answers the commit's sha. `before`: what stood there. */
  async write(repository: string, file: string, text: string): Promise<string> {
    const path = `/repos/${owner}/${repository}/contents/${file}`
    const before = (await this.api('GET', path).catch(() => undefined)) as { sha: string } | undefined
    const content = Buffer.from(text).toString('base64')
    const change = { branch: 'main', message: `Write ${file}`, content, ...(before && { sha: before.sha }) }
    const written = (await this.api(before ? 'PUT' : 'POST', path, change)) as { commit: { sha: string } }
    return written.commit.sha
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = once(this.#process, 'exit')
      this.#process.kill('SIGTERM')
      const late = setTimeout(() => this.#process.kill('SIGKILL'), 10_000)
      await gone
      clearTimeout(late)
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #ready(): Promise<void> {
    for (const end = performance.now() + patience; ; await rest(100)) {
      const answer = await fetch(`${this.url}/api/healthz`).catch(() => undefined)
      if (answer?.ok) return
      if (this.#process.exitCode !== null) throw new Error('Gitea ended instead of starting')
      if (performance.now() > end) throw new Error('Gitea does not answer')
    }
  }
}

/** It talks to this machine alone, and is thrown away after a test: it may be run by whoever runs that. */
function settings(folder: string, program: string, port: number): string {
  return `
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
RUN_MODE = prod
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = http://127.0.0.1:${port}/
STATIC_ROOT_PATH = ${program}
APP_DATA_PATH = ${join(folder, 'data')}
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = false
[database]
DB_TYPE = sqlite3
PATH = ${join(folder, 'gitea.db')}
[repository]
ROOT = ${join(folder, 'repositories')}
[security]
INSTALL_LOCK = true
SECRET_KEY = of-this-test-alone
[service]
DISABLE_REGISTRATION = true
[webhook]
ALLOWED_HOST_LIST = loopback
[session]
PROVIDER = memory
[indexer]
ISSUE_INDEXER_TYPE = db
[log]
MODE = console
LEVEL = Error
`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const closed = once(server, 'close')
  server.close()
  await closed
  return port
}
