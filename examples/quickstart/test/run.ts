import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

const script = fileURLToPath(new URL('../start.mjs', import.meta.url))
const bin = fileURLToPath(new URL('../../../packages/cli/bin/longshore.js', import.meta.url))

/** Processes that have something to do with the folder. */
export function processes(home: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n')
  const mine = lines.filter((line) => line.includes(home))
  const works = lines.filter((line) => {
    const pid = Number.parseInt(line, 10)
    return (
      line.includes('server.mjs') &&
      environmentOf(pid).includes('LONGSHORE_SERVICE=hello') &&
      cwdOf(pid).startsWith(home)
    )
  })
  return [...new Set([...mine, ...works])]
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return ''
  }
}

function cwdOf(pid: number): string {
  try {
    return execFileSync('readlink', [`/proc/${pid}/cwd`], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

export async function until(condition: () => unknown, what: () => string): Promise<void> {
  for (const deadline = performance.now() + 45_000; !(await condition());) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/**
 * A folder for the quickstart, removed after the test with what a killed run left behind. It has ports of its own, as after
 * an earlier run: on the usual ones tests that run beside each other would meet.
 */
export async function folder(): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'longshore-quickstart-'))
  const [api, hello, git] = await freePorts(3)
  writeFileSync(join(home, 'ports.json'), JSON.stringify({ api, hello, git }))
  onTestFinished(() => {
    for (const line of processes(home)) kill(Number.parseInt(line, 10))
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  })
  return home
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/** One run of the quickstart, until Ctrl-C. */
export class Run {
  output = ''
  readonly #child: ChildProcess

  constructor(home: string) {
    this.#child = spawn(process.execPath, [script, home], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    }
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  /** Answers the service's address. */
  async ready(): Promise<string> {
    const ended = () => this.#child.exitCode !== null
    await until(
      () => this.output.includes('Ctrl-C') || ended(),
      () => this.output,
    )
    expect(this.output).toContain('Longshore runs.')
    return /the service +(http:\S+)/.exec(this.output)![1]!
  }

  async interrupt(): Promise<void> {
    this.#child.kill('SIGINT')
    expect(await this.end(), this.output).toBe(0)
  }

  /** Ends it as a crash does: nothing of it can clean up. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.end()
  }

  /** Its exit code, once it has ended. */
  async end(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode
  }
}

/** Runs git with nobody's config and no way to ask. */
export function gitIn(clone: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Ines', '-c', 'user.email=ines@git.example']
  const env = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' }
  const options = { encoding: 'utf8', env, stdio: 'pipe' } as const
  return execFileSync('git', ['-C', clone, ...identity, ...args], options).trim()
}

/** What a newcomer does in the second terminal. */
export function newcomer(home: string) {
  const clone = join(home, 'hello')
  const git = (...args: string[]) => gitIn(clone, ...args)
  const longshore = (...args: string[]) =>
    execFileSync(process.execPath, [bin, ...args], { cwd: clone, encoding: 'utf8' })
  return {
    clone,
    git,
    longshore,
    push(greeting: string) {
      writeFileSync(join(clone, 'greeting.txt'), greeting)
      git('commit', '-qam', greeting)
      git('push', '-q')
      return git('rev-parse', 'HEAD')
    },
    placement: () =>
      (JSON.parse(longshore('show', 'hello', '--json')) as { placements: Record<string, any>[] })
        .placements[0]!,
    answer: (url: string) =>
      fetch(url)
        .then((response) => response.text())
        .catch(() => ''),
  }
}
