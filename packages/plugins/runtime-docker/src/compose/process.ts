import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Clock } from '@longshore/core'
import { composeFailed, composeMissing, composeStuck } from './errors.js'

/** The variable by which a process of Compose is known again after Longshore was killed. */
export const markName = 'LONGSHORE_COMPOSE'

/** Milliseconds between SIGTERM, at which Compose ends what it is at, and SIGKILL; and from there to nothing left. */
const [grace, killDeadline] = [3_000, 10_000]
/** Characters: of one line of output, of the lines that an error quotes, of a resolved project. */
const longest = { line: 8_192, quoted: 1_000, answer: 16 * 2 ** 20 }

export interface Call {
  binary: string
  args: string[]
  /** The whole environment. */
  env: Record<string, string>
  /** The working directory. */
  folder: string
  /** What it reads from its standard input. */
  input?: string
  /** Takes each line that it prints, in turn; it waits when this does. */
  line(stream: 'stdout' | 'stderr', text: string): Promise<void>
  clock: Clock
  signal: AbortSignal
}

/** Runs Compose to its end; an abort ends its whole process group first. Errors: COMPOSE_FAILED, the signal's reason. */
export async function runCompose(call: Call): Promise<void> {
  const { binary, args, env, folder, input, signal, clock } = call
  signal.throwIfAborted()
  const child = spawn(binary, args, { cwd: folder, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const closed = once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    throw composeMissing(`${binary} cannot be executed (${error.code})`)
  }) as Promise<[number | null, string | null]>
  const end = () => void endGroup(child, clock)
  signal.addEventListener('abort', end, { once: true })
  try {
    // One that ends before it has read all of it says why in its output.
    child.stdin.on('error', () => undefined).end(input)
    let last = ''
    const read = async (stream: 'stdout' | 'stderr') => {
      for await (const text of linesOf(child[stream])) {
        if (stream === 'stderr') last = `${last}\n${text}`.slice(-longest.quoted)
        await call.line(stream, text)
      }
    }
    const [[code, killed]] = await Promise.all([closed, read('stdout'), read('stderr')])
    signal.throwIfAborted()
    const how = killed ? `signal ${killed}` : `exit code ${code}`
    if (code !== 0) throw composeFailed(verbOf(args), how, last.trim())
  } finally {
    signal.removeEventListener('abort', end)
    // What it started of its own, such as a builder, goes with it in any case.
    await killGroup(child, clock)
  }
}

/** What Compose prints, as a whole. Errors: as `runCompose`. */
export async function askCompose(call: Call): Promise<string> {
  const lines: string[] = []
  let length = 0
  await runCompose({
    ...call,
    async line(stream, text) {
      if (stream === 'stderr') return call.line(stream, text)
      if ((length += text.length) > longest.answer)
        throw composeFailed(
          verbOf(call.args),
          'an answer that is too long',
          `more than ${longest.answer} characters`,
        )
      lines.push(text)
    },
  })
  return lines.join('\n')
}

function verbOf(args: string[]): string {
  return args.find((word) => /^(config|build|create|up|logs)$/.test(word)) ?? ''
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
    const [first = '', ...others] = chunk.split('\n')
    rest += first
    for (const next of others) {
      yield rest.replace(/\r$/, '')
      rest = next
    }
    for (; rest.length > longest.line; rest = rest.slice(longest.line)) yield rest.slice(0, longest.line)
  }
  if (rest) yield rest
}

async function endGroup(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.pid === undefined) return
  tell(-child.pid, 'SIGTERM')
  for (let waited = 0; waited < grace && isThere(-child.pid); waited += 50) await clock.sleep(50)
  tell(-child.pid, 'SIGKILL')
}

/** Resolves when nobody is left of the group. */
async function killGroup(child: ChildProcess, clock: Clock): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  const left = () => (tell(-pid, 'SIGKILL') ? members(({ group }) => group === pid) : [])
  for (let waited = 0, found = left(); found.length > 0; waited += 20, found = left()) {
    if (waited > killDeadline) throw composeStuck(found)
    await clock.sleep(20)
  }
}

/** Ends what a killed Longshore left: Compose at work with a mark that begins so, and all that it started. */
export async function endLeft(mark: string, clock: Clock): Promise<void> {
  const word = `${markName}=${mark}`
  let found = marked(word)
  for (let waited = 0; found.length > 0; waited += 20, found = marked(word)) {
    if (waited > killDeadline) throw composeStuck(found)
    for (const pid of found) tell(pid, 'SIGKILL')
    await clock.sleep(20)
  }
}

function marked(word: string): number[] {
  const own = String(process.pid)
  return members(
    ({ name }) =>
      name !== own &&
      read(`/proc/${name}/environ`)
        .split('\0')
        .some((each) => each.startsWith(word)),
  )
}

/** The processes that fit, those apart that have ended and were not reaped yet. */
function members(fits: (process: { name: string; group: number }) => boolean): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const stat = read(`/proc/${name}/stat`)
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state && !/[ZX]/.test(state) && fits({ name, group: Number(group) }) ? [Number(name)] : []
  })
}

/** What a file of /proc says; nothing once its process is gone, or where it is not ours to read. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether there was anybody to tell. */
function tell(pid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
