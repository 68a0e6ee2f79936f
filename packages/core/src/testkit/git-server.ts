import { spawn } from 'node:child_process'
import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { GitRepository, runGit } from './git-repository.js'

export interface GitServerOptions {
  /** Where the bare repositories lie; a temporary folder, removed by `close`, unless told. */
  root?: string
  /** Of 127.0.0.1; a free one unless told. */
  port?: number
}

export interface GitServerLogin {
  username: string
  password: string
}

/** How the server treats the requests that come from now on; change it while it runs. */
export interface GitServerManners {
  /** Basic auth: without these every request gets 401. */
  auth?: GitServerLogin | undefined
  /** Basic auth for pushes alone: everybody may read. */
  push?: GitServerLogin | undefined
  /** Answers every request with this status. */
  fail?: number | undefined
  /** Sends every request elsewhere. */
  redirect?: string | undefined
  /** Takes requests to these repositories and never answers; `true`: to all of them. */
  hang?: boolean | string[] | undefined
  /** Speaks only the first protocol, like an old server. */
  noV2?: boolean | undefined
  /** Cannot leave out objects (`--filter`). */
  noFilter?: boolean | undefined
}

/** How often a repository was asked, by what was asked. */
export interface GitServerCount {
  advertisements: number
  lsRefs: number
  fetches: number
  pushes: number
}

/** A request as it is handed to git. */
interface Asked {
  url: URL
  /** What came of its body so far. */
  first: Buffer | undefined
  config: string[]
}

const requestDeadline = 10 * 60_000
const none = (): GitServerCount => ({ advertisements: 0, lsRefs: 0, fetches: 0, pushes: 0 })

/**
 * A real smart-HTTP git server on loopback: `git http-backend` behind Node's HTTP server. Whoever reaches it may push,
 * unless its manners say who may; a page in a browser reaches nothing, whatever its address claims to be.
 */
export class GitServer {
  readonly manners: GitServerManners = {}
  /** TCP connections made so far. */
  connections = 0
  // Idle connections stay as long as common git servers keep them (nginx's default): a look needs no new one.
  readonly #server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    void this.#answer(request, response)
  })
  readonly #counts = new Map<string, GitServerCount>()
  readonly #children = new Set<() => void>()
  readonly #root: string
  readonly #temporary: boolean

  private constructor(root: string, temporary: boolean) {
    this.#root = root
    this.#temporary = temporary
    this.#server.on('connection', () => this.connections++)
  }

  static async start({ root, port = 0 }: GitServerOptions = {}): Promise<GitServer> {
    const folder = root ? resolve(root) : await mkdtemp(join(tmpdir(), 'longshore-git-'))
    await mkdir(folder, { recursive: true })
    const server = new GitServer(folder, root === undefined)
    server.#server.listen(port, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The address of a repository, as a source names it. */
  url(name: string): string {
    return `http://127.0.0.1:${this.port}/${name}.git`
  }

  /** The bare repository of this name, made when it is not there yet. */
  async repository(name: string): Promise<GitRepository> {
    const folder = join(this.#root, `${name}.git`)
    await runGit(['init', '--quiet', '--bare', '--initial-branch=main', '--', folder])
    return new GitRepository(folder)
  }

  count(name: string): GitServerCount {
    return { ...(this.#counts.get(name) ?? none()) }
  }

  /** Ends open connections and what still answers them, and removes a temporary root. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    for (const kill of this.#children) kill()
    await closed
    if (this.#temporary) await rm(this.#root, { recursive: true, force: true, maxRetries: 5 })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const [, name, what] = /^\/([\w.-]+(?:\/[\w.-]+)*)\.git\/([\w/.-]+)$/.exec(url.pathname) ?? []
    const { auth, push, fail, redirect, hang } = this.manners
    request.on('error', () => undefined)
    if (!isOwnName(request)) return refuse(response, 421)
    // git names no origin, and no page is at home here.
    if (request.headers.origin !== undefined) return refuse(response, 403)
    if (hang === true || (hang && hang.includes(name ?? ''))) return
    if (fail) return refuse(response, fail)
    if (redirect) return refuse(response, 302, { location: redirect })
    const mayPush = !push || isLogin(request, push)
    if ((auth && !isLogin(request, auth)) || (!mayPush && asksToPush(url)))
      return refuse(response, 401, { 'www-authenticate': 'Basic realm="git"' })
    if (!name || !what) return refuse(response, 404)
    const first = request.method === 'POST' ? await firstChunk(request) : undefined
    this.#tally(name, what, first)
    // Not by the look of the address alone: git itself knows best what a push is.
    const config = [`http.receivepack=${mayPush}`, `uploadpack.allowFilter=${!this.manners.noFilter}`]
    this.#backend(request, response, { url, first, config })
  }

  #tally(name: string, what: string, body: Buffer | undefined): void {
    const count = this.#counts.get(name) ?? none()
    this.#counts.set(name, count)
    if (what === 'info/refs') count.advertisements++
    else if (what === 'git-receive-pack') count.pushes++
    else if (body?.subarray(4, 19).toString() === 'command=ls-refs') count.lsRefs++
    else count.fetches++
  }

  #backend(request: IncomingMessage, response: ServerResponse, { url, first, config }: Asked): void {
    const env = { ...cgi(request, url, this.#root), ...(this.manners.noV2 ? {} : version(request)) }
    const child = spawn('git', [...config.flatMap((each) => ['-c', each]), 'http-backend'], {
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    })
    const kill = () => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    const timer = setTimeout(kill, requestDeadline)
    this.#children.add(kill)
    child.on('error', () => refuse(response, 500))
    child.on('close', () => {
      clearTimeout(timer)
      this.#children.delete(kill)
    })
    response.on('close', kill)
    child.stdin.on('error', () => undefined)
    if (first) child.stdin.write(first)
    request.pipe(child.stdin)
    relay(child.stdout, response)
  }
}

/** Starts a git server; see `GitServer`. */
export function startGitServer(options?: GitServerOptions): Promise<GitServer> {
  return GitServer.start(options)
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(status, { 'content-length': 0, ...headers }).end()
}

/** Whether a request is for this server by its own name: not by one of a page's that was made to lead here. */
function isOwnName({ headers: { host }, socket: { localPort } }: IncomingMessage): boolean {
  return host === `127.0.0.1:${localPort}` || host === `localhost:${localPort}`
}

function isLogin({ headers }: IncomingMessage, { username, password }: GitServerLogin): boolean {
  const wanted = Buffer.from(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`)
  const given = Buffer.from(headers.authorization ?? '')
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function asksToPush({ pathname, searchParams }: URL): boolean {
  return pathname.endsWith('/git-receive-pack') || searchParams.getAll('service').includes('git-receive-pack')
}

async function firstChunk(request: IncomingMessage): Promise<Buffer | undefined> {
  await Promise.race([once(request, 'readable'), once(request, 'end'), once(request, 'close')])
  return (request.read() as Buffer | null) ?? undefined
}

/** What RFC 3875 calls the meta-variables, and where http-backend finds its repositories. */
function cgi(request: IncomingMessage, url: URL, root: string): NodeJS.ProcessEnv {
  const { headers } = request
  return {
    PATH: process.env['PATH'],
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REQUEST_METHOD: request.method,
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    REMOTE_ADDR: '127.0.0.1',
    ...(headers['content-type'] && { CONTENT_TYPE: headers['content-type'] }),
    ...(headers['content-length'] && { CONTENT_LENGTH: headers['content-length'] }),
    ...(headers['content-encoding'] && { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
  }
}

function version(request: IncomingMessage): NodeJS.ProcessEnv {
  const protocol = request.headers['git-protocol']
  return typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}
}

/** Passes a CGI answer on: its header becomes ours, the rest goes through as it comes. */
function relay(from: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0)
  const collect = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    from.off('data', collect)
    const lines = head.subarray(0, end).toString('latin1').split('\r\n')
    const fields = lines.map((line) => line.split(/:\s*/, 2) as [string, string])
    const status = fields.find(([name]) => name.toLowerCase() === 'status')?.[1]
    for (const [name, value] of fields) if (name.toLowerCase() !== 'status') response.setHeader(name, value)
    response.writeHead(status ? Number.parseInt(status, 10) : 200)
    response.write(head.subarray(end + 4))
    from.pipe(response)
  }
  from.on('data', collect)
  from.on('end', () => response.headersSent || refuse(response, 500))
}
