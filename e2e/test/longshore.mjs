import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { killAll, processesOf, removeCgroups } from './processes.mjs'
import { until } from './until.mjs'

const command = fileURLToPath(new URL('../../packages/cli/bin/longshore.js', import.meta.url))
/** Milliseconds that a start, or a stop, may take on a busy machine. */
const deadline = 60_000
/** Characters of the log that are kept for a test that fails. */
const keptLog = 200_000

/**
 * The built command with a folder of its own: config, data, and a host name that nothing else on this machine has, by
 * which everything that it starts is found. `close` leaves nothing.
 */
export class Longshore {
  /** @type {string} */
  folder
  /** @type {string} */
  data
  /** @type {string} */
  host
  /** @type {Record<string, string>} on top of the environment */
  env
  /** What it wrote to standard error. */
  log = ''
  url = ''
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child

  /** @param {{ folder: string, data: string, env: Record<string, string> }} place */
  constructor({ folder, data, env }) {
    this.folder = folder
    this.data = data
    this.env = env
    this.host = `box-${folder.slice(-6).replaceAll(/[^A-Za-z0-9]/g, 'x')}-${process.pid}`
  }

  /**
   * A place with this config; not started yet. `data`: a folder elsewhere.
   * @param {{ services?: object, data?: string, env?: Record<string, string>, [section: string]: unknown }} [options]
   */
  static async at({ data, env = {}, ...config } = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-e2e-'))
    const longshore = new Longshore({ folder, data: data ?? join(folder, 'data'), env })
    await longshore.configure(config)
    return longshore
  }

  get config() {
    return join(this.folder, 'longshore.config.json')
  }

  get pid() {
    return this.#child?.pid
  }

  /** @param {object} config written as it stands, with what makes it this place's */
  async configure(config) {
    // What is about something else waits for no deployment to prove itself.
    const health = { settle: '0s' }
    const whole = { version: 1, host: this.host, data: this.data, health, ...config }
    await writeFile(this.config, JSON.stringify(whole, null, 2))
  }

  /** Starts it without waiting for anything. */
  launch() {
    const child = spawn(process.execPath, [command, 'serve', '--json', '--config', this.config], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stderr.setEncoding('utf8').on('data', (text) => (this.log = (this.log + text).slice(-keptLog)))
    this.#child = child
    return child
  }

  /** Starts it; resolves when it says that it is ready, rejects when it ends instead. */
  async start() {
    const child = this.launch()
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (said += text))
    await until('Longshore is ready', deadline, () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`Longshore ended instead of starting:\n${this.log}`)
      return said.includes('\n')
    })
    this.url = JSON.parse(said).url
    return this
  }

  /** SIGKILL: nothing of it can be tidied up. */
  async kill() {
    return this.#signal('SIGKILL')
  }

  /** Ctrl-C; answers the exit code. */
  async stop() {
    await this.#signal('SIGINT')
    return this.#child?.exitCode ?? null
  }

  /** @param {NodeJS.Signals} signal */
  async #signal(signal) {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit', { signal: AbortSignal.timeout(150_000) })
  }

  /** Processes that it started, and what those started. */
  processes() {
    return processesOf(this.host)
  }

  /** Ends it and all that it started, and removes its folder. */
  async close() {
    await this.kill()
    await killAll(this.host)
    const id = await readFile(join(this.data, 'runtime-command', 'id'), 'utf8').catch(() => '')
    if (id) await removeCgroups(id.trim())
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  /**
   * Runs a command of it as people do.
   * @param {...string} args
   * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
   */
  async cli(...args) {
    const child = spawn(process.execPath, [command, ...args, '--config', this.config], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 240_000,
      killSignal: 'SIGKILL',
    })
    const out = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => (out.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (out.stderr += text))
    const [code] = await once(child, 'close')
    return { code, ...out }
  }

  /**
   * The lines that a command of it prints, until nobody asks for more or the signal ends it.
   * @param {AbortSignal} signal
   * @param {...string} args
   */
  async *follow(signal, ...args) {
    const child = spawn(process.execPath, [command, ...args, '--config', this.config], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
      signal,
    })
    // The signal's own; how it ends is seen from what it printed.
    child.on('error', () => undefined)
    try {
      yield* createInterface({ input: child.stdout })
    } finally {
      child.kill()
    }
  }

  /**
   * Asks the API through the socket; answers the status and the parsed body.
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<{ status: number, body: any }>}
   */
  async ask(method, path, body) {
    const answer = await this.open(method, path, body, AbortSignal.timeout(deadline))
    let text = ''
    for await (const chunk of answer.setEncoding('utf8')) text += chunk
    const json = /json/.test(answer.headers['content-type'] ?? '')
    return { status: answer.statusCode ?? 0, body: json ? JSON.parse(text) : text }
  }

  /**
   * @param {string} method
   * @param {string} path below `/api/v1`
   * @param {object | undefined} body
   * @param {AbortSignal} signal
   * @returns {Promise<import('node:http').IncomingMessage>}
   */
  open(method, path, body, signal) {
    const text = body && JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const sent = request({
        socketPath: join(this.data, 'longshore.sock'),
        method,
        path: `/api/v1${path}`,
        headers: { host: 'localhost', ...(text && { 'content-type': 'application/json' }) },
        signal,
        agent: false,
      })
      sent.on('response', resolve)
      sent.on('error', reject)
      sent.end(text)
    })
  }

  /**
   * The service's placement on this host, as the API shows it.
   * @param {string} name
   */
  async service(name) {
    const { status, body } = await this.ask('GET', `/services/${name}`)
    if (status !== 200) throw new Error(`${name}: ${JSON.stringify(body)}`)
    return body.placements[0]
  }

  /**
   * Waits until the service is as wanted, and answers its placement.
   * @param {string} name
   * @param {string} what for whoever reads why it failed
   * @param {(placement: any) => unknown} wanted
   */
  async until(name, what, wanted, milliseconds = deadline) {
    /** @type {any} */
    let last
    const look = async () => wanted((last = await this.service(name)))
    await until(`${name} ${what}`, milliseconds, look).catch((error) => {
      error.message += `\nlast seen: ${JSON.stringify(last)}\nlog: ${this.log.slice(-4_000)}`
      throw error
    })
    return last
  }

  /**
   * Waits until the service runs that commit and nothing is under way.
   * @param {string} name
   * @param {string} sha
   */
  runs(name, sha, milliseconds = deadline) {
    const wanted = (placement) => placement.running?.commit.sha === sha && !placement.deployment
    return this.until(name, `runs ${sha.slice(0, 7)}`, wanted, milliseconds)
  }

  /**
   * Every event that fits, oldest first.
   * @returns {Promise<any[]>}
   */
  async events(query = '') {
    const all = []
    for (let page = `after=0`; ;) {
      const { status, body } = await this.ask('GET', `/events?limit=1000&${page}${query && `&${query}`}`)
      if (status !== 200) throw new Error(JSON.stringify(body))
      all.push(...body.items)
      if (body.next === null) return all
      page = `cursor=${body.next}`
    }
  }

  /** What somebody set for a Longshore of their own must not reach this one. */
  #environment() {
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('LONGSHORE_'))
    return { ...Object.fromEntries(others), LONGSHORE_LISTEN: '127.0.0.1:0', NO_COLOR: '1', ...this.env }
  }
}
