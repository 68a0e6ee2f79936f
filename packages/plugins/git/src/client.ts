import type { Readable, Writable } from 'node:stream'
import { type LongshoreError, type Secret, UnavailableError } from '@longshore/core'
import { execa } from 'execa'
import { gitFault } from './errors.js'

/** One run of git. */
export interface GitCall {
  args: string[]
  signal: AbortSignal
  /** Milliseconds it may take. */
  timeout: number
  /** More `-c` settings. */
  config?: string[]
  env?: Record<string, string>
  /** The child finds it behind descriptor 3, and nowhere else. */
  secret?: Secret | undefined
  input?: string
  /** Bytes that it may print; more is an error. */
  output?: number
  /** The queue it waits in: the host that it talks to. Absent: it stays on this machine. */
  host?: string
}

/** A run whose output is read while it comes. `done` settles when the process is gone. */
export interface GitStream {
  stdin: Writable
  stdout: Readable
  done: Promise<unknown>
}

/** A git that runs. */
export interface GitChild {
  stdin: Writable | null
  stdout: Readable | null
  /** What it printed, and what is wrong when it failed. Settles when it is gone; never rejects. */
  ended: Promise<{ output: Buffer; fault?: LongshoreError }>
  /** Ends it and all it started. */
  kill(): void
}

/** What git must never do here, whatever a repository or a machine's config says. */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'credential.helper=',
  'http.followRedirects=false',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=30',
  'protocol.allow=never',
  'fetch.recurseSubmodules=false',
  'fetch.unpackLimit=1',
  'gc.auto=0',
  'maintenance.auto=false',
  'gc.packRefs=false',
]

const printed = 256 * 1024

/** Starts git in a process group of its own. `gather`: its output is kept for `ended`, and it takes no input but the call's. */
export function startGit(call: GitCall, home: string, gather: boolean): GitChild {
  const { args, config = [], env, secret, input, output = printed } = call
  const flags = [...settings, ...config].flatMap((setting) => ['-c', setting])
  const stdin = !gather ? 'pipe' : input === undefined ? 'ignore' : Buffer.from(input)
  const child = execa('git', [...flags, ...args], {
    env: { ...environment(home), ...env },
    extendEnv: false,
    stdio: secret ? [stdin, 'pipe', 'pipe', Buffer.from(`${secret.open()}\n`)] : [stdin, 'pipe', 'pipe'],
    buffer: { stdout: gather, stderr: true },
    maxBuffer: { stdout: output, stderr: printed },
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    detached: true,
  })
  const kill = () => killGroup(child.pid)
  child.stdin?.on('error', () => undefined)
  // Else what nobody has read when git ends is thrown away.
  if (!gather) child.stdout.on('readable', () => undefined)
  const ended = child.then((result) => {
    // What it started may outlive it, and holds no pipe that would tell.
    kill()
    const said = scrub(Buffer.from(result.stderr as Uint8Array).toString(), secret)
    const bytes = Buffer.from((result.stdout as Uint8Array | undefined) ?? [])
    return result.failed ? { output: bytes, fault: faultOf(result, said) } : { output: bytes }
  })
  return { stdin: child.stdin, stdout: child.stdout, ended, kill }
}

/** From scratch: nothing of Longshore's own environment reaches git. */
function environment(home: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    XDG_CONFIG_HOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_PROTOCOL_FROM_USER: '0',
  }
}

/** The child leads its group, so what it started ends with it. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is gone.
  }
}

function faultOf(result: { isMaxBuffer?: boolean; code?: string }, stderr: string): LongshoreError {
  if (result.code === 'ENOENT') {
    return new UnavailableError('GIT_NOT_INSTALLED', 'there is no git on this machine', {
      hint: 'Install git 2.30 or newer where Longshore runs.',
    })
  }
  return gitFault(result.isMaxBuffer ? 'git printed more than it may' : stderr)
}

function scrub(text: string, secret: Secret | undefined): string {
  const value = secret?.open()
  return value ? text.replaceAll(value, '[secret]').replaceAll(encodeURIComponent(value), '[secret]') : text
}
