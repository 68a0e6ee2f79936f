import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const bin = fileURLToPath(new URL('../bin/longshore.js', import.meta.url))

export interface Answer {
  code: number | null
  stdout: string
  stderr: string
}

/** A folder with these files, removed after the test. */
export async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** Nothing of the tests' own environment that Longshore would read. */
export function environment(env: Record<string, string>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(LONGSHORE_|XDG_|GIT_)/.test(name))
  return { ...Object.fromEntries(own), ...env }
}

function start(args: string[], cwd: string, env: Record<string, string>) {
  return spawn(process.execPath, [bin, ...args], {
    cwd,
    env: environment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** Runs the command as people do: a process of its own. */
export async function longshore(
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
  input = '',
): Promise<Answer> {
  const child = start(args, cwd, env)
  // Whoever reads nothing of it may be gone before it is written.
  child.stdin.on('error', () => undefined).end(input)
  const kill = setTimeout(() => child.kill('SIGKILL'), 50_000)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(kill)
  return { code, stdout, stderr }
}

/** A `longshore serve` that runs; `line` waits for one that it prints. */
export class Serving {
  readonly #child: ReturnType<typeof start>
  readonly #closed: Promise<unknown>
  output = ''

  constructor(args: string[], cwd: string, env: Record<string, string> = {}) {
    this.#child = start(args, cwd, env)
    this.#child.stdin.end()
    this.#closed = once(this.#child, 'close')
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    }
    onTestFinished(() => this.end('SIGTERM').then(() => undefined))
  }

  /** Resolves with what fits once it was printed. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null
    await until(
      () => {
        found = pattern.exec(this.output)
        if (!found && this.#child.exitCode !== null) throw new Error(`it ended:\n${this.output}`)
        return found !== null
      },
      () => `${pattern} in:\n${this.output}`,
    )
    return found!
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Sends the signal; answers the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.signal(signal)
    await this.#closed
    return this.#child.exitCode
  }
}

/** The command on a terminal of its own, which `script` of util-linux makes. */
export function onTerminal(args: string[], cwd: string, env: Record<string, string> = {}) {
  const quoted = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', quoted, '/dev/null'], { cwd, env: environment(env) })
  const ended = once(child, 'close') as Promise<[number | null]>
  onTestFinished(() => void child.kill('SIGKILL'))
  let seen = 0
  const terminal = {
    output: '',
    /** Resolves when it has said that, after what was waited for before. */
    says: async (text: string) => {
      await until(
        () => terminal.output.includes(text, seen),
        () => `${text} in:\n${terminal.output}`,
      )
      seen = terminal.output.indexOf(text, seen) + text.length
    },
    types: (text: string) => void child.stdin.write(text),
    ends: async () => (await ended)[0],
  }
  child.stdout.on('data', (chunk: Buffer) => (terminal.output += chunk.toString()))
  return terminal
}

/** Waits until the condition holds, for 30 s at most. */
export async function until(condition: () => unknown, what: () => string): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
