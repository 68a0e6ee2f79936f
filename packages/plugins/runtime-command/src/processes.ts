import { readFileSync } from 'node:fs'
import { UnavailableError, type Clock } from '@longshore/core'

/** One process, not merely its number: numbers are given again, also after a reboot. */
export interface Identity {
  pid: number
  /** Field 22 of proc_pid_stat(5): clock ticks between boot and its start. */
  start: string
  boot: string
}

/** Milliseconds that processes may take to vanish after SIGKILL: longer means that the kernel holds one. */
const killDeadline = 10_000

let boot: string | undefined

export function bootId(): string {
  return (boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
}

interface Stat {
  state: string
  group: number
  session: number
  terminal: boolean
  start: string
}

/** Fields of proc_pid_stat(5). The command's name stands in parentheses and may hold anything, also parentheses. */
function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [group, session] = [Number(fields[2]), Number(fields[3])]
  return { state: fields[0]!, group, session, terminal: fields[4] !== '0', start: fields[19]! }
}

/** Who has this number now, also a zombie: for the moment after a spawn, before anybody could have taken it. */
export function identify(pid: number): Identity {
  return { pid, start: parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).start, boot: bootId() }
}

/** Undefined when it is not alive. */
export function statOf(pid: number): Stat | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  const stat = text === undefined ? undefined : parseStat(text)
  return stat && stat.state !== 'Z' && stat.state !== 'X' ? stat : undefined
}

/**
 * At once, not through the thread pool: no disk is asked, and a look reads hundreds of these. As text, because Node reads
 * a file of unknown size into a buffer of 8 KiB, which would stay until the next collection.
 */
export function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

export function isAlive({ pid, start, boot }: Identity): boolean {
  return boot === bootId() && statOf(pid)?.start === start
}

/** What is told to end. */
export interface Ended {
  /** Those of it that are alive now; none when it is gone. */
  find(): Promise<(Identity & { group?: number })[]>
  /** SIGKILL for what a list of numbers may miss. */
  kill?(): void
}

/**
 * Ends every process that `find` tells of, also those that appear meanwhile: SIGTERM, after the grace SIGKILL. Resolves
 * when a look finds none; rejects with PROCESS_STUCK when some outlive SIGKILL.
 */
export async function endProcesses({ find, kill }: Ended, grace: number, clock: Clock): Promise<void> {
  const began = clock.monotonic()
  const told = new Set<string>()
  for (let alive = await find(); alive.length > 0; alive = await find()) {
    const late = clock.monotonic() - began - grace
    if (late > killDeadline) throw stuck(alive)
    const name = late >= 0 ? 'SIGKILL' : 'SIGTERM'
    for (const { pid, start } of alive) {
      const key = `${name} ${pid} ${start}`
      if (!told.has(key)) signal(pid, name)
      told.add(key)
    }
    if (late >= 0) {
      // A whole group at once: one that forks and ends, again and again, has another number at each look.
      for (const group of new Set(alive.flatMap((each) => each.group ?? []))) signal(-group, 'SIGKILL')
      kill?.()
    }
    await gone(alive, late >= 0 ? 1_000 : -late, clock)
  }
}

/** Resolves when none of these is alive, or after so many milliseconds. Looks often at first: most end at once. */
async function gone(processes: Identity[], milliseconds: number, clock: Clock): Promise<void> {
  const began = clock.monotonic()
  for (let pause = 5; clock.monotonic() - began < milliseconds; pause = Math.min(pause * 2, 200)) {
    await clock.sleep(Math.min(pause, milliseconds))
    if (!processes.some(isAlive)) return
  }
}

export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself in this moment, or it is not ours to signal: the next look tells which.
  }
}

function stuck(alive: Identity[]): UnavailableError {
  const pids = alive.map(({ pid }) => pid).join(', ')
  return new UnavailableError('PROCESS_STUCK', `processes outlive SIGKILL: ${pids}`, {
    hint: 'They wait in the kernel (state D: often a network file system) or belong to another user; end them by hand.',
    data: { pids },
  })
}
