import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { UnavailableError, type Clock } from '@longshore/core'

/** The variable that everything this runtime starts carries, and hands on to what it starts in its turn. */
export const markName = 'LONGSHORE_INSTANCE'

/** One process, not merely its number: numbers are given again, also after a reboot. */
export interface Identity {
  pid: number
  /** Field 22 of proc_pid_stat(5): clock ticks between boot and its start. */
  start: string
  boot: string
}

export interface Marked extends Identity {
  mark: string
}

/** Milliseconds that processes may take to vanish after SIGKILL: longer means that the kernel holds one. */
const killDeadline = 10_000

let boot: string | undefined

function bootId(): string {
  return (boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
}

interface Stat {
  state: string
  session: number
  start: string
}

/** Fields of proc_pid_stat(5). The command's name stands in parentheses and may hold anything, also parentheses. */
function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, session: Number(fields[3]), start: fields[19]! }
}

/** Who has this number now, also a zombie: for the moment after a spawn, before anybody could have taken it. */
export function identify(pid: number): Identity {
  return { pid, start: parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).start, boot: bootId() }
}

function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`)
  const stat = text && parseStat(text.toString('latin1'))
  return stat && stat.state !== 'Z' && stat.state !== 'X' ? stat : undefined
}

/** At once, not through the thread pool: no disk is asked, and a look reads hundreds of these. */
function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

export function isAlive({ pid, start, boot }: Identity): boolean {
  return boot === bootId() && statOf(pid)?.start === start
}

/**
 * Every process whose mark begins with the prefix. With a leader also those of its session, which covers what empties
 * its environment; not when the leader's number went to somebody else.
 */
export async function findMarked(prefix: string, leader?: Identity): Promise<Marked[]> {
  const wanted = Buffer.from(`${markName}=${prefix}`)
  const first = leader && statOf(leader.pid)
  const session =
    leader?.boot === bootId() && (!first || first.start === leader.start) ? leader.pid : undefined
  const found: Marked[] = []
  let looked = 0
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    if (++looked % 100 === 0) await setImmediate()
    const environ = read(`/proc/${pid}/environ`)
    const mark = environ && markIn(environ, wanted)
    if (mark === undefined && session === undefined) continue
    const stat = statOf(pid)
    if (stat && (mark !== undefined || stat.session === session)) {
      found.push({ pid, start: stat.start, boot: bootId(), mark: mark ?? '' })
    }
  }
  return found
}

function markIn(environ: Buffer, wanted: Buffer): string | undefined {
  for (let at = environ.indexOf(wanted); at >= 0; at = environ.indexOf(wanted, at + 1)) {
    if (at > 0 && environ[at - 1] !== 0) continue
    const end = environ.indexOf(0, at)
    return environ.toString('utf8', at + markName.length + 1, end < 0 ? undefined : end)
  }
  return undefined
}

/**
 * Ends every process that `find` tells of, also those that appear meanwhile: SIGTERM, after the grace SIGKILL. Resolves
 * when a look finds none; rejects with PROCESS_STUCK when some outlive SIGKILL.
 */
export async function endProcesses(
  find: () => Promise<Identity[]>,
  grace: number,
  clock: Clock,
): Promise<void> {
  const began = clock.monotonic()
  const told = new Set<string>()
  for (let alive = await find(); alive.length > 0; alive = await find()) {
    const late = clock.monotonic() - began - grace
    if (late > killDeadline) throw stuck(alive)
    const signal = late >= 0 ? 'SIGKILL' : 'SIGTERM'
    for (const { pid, start } of alive) {
      const key = `${signal} ${pid} ${start}`
      if (!told.has(key)) send(pid, signal)
      told.add(key)
    }
    const wait = late >= 0 ? 1_000 : -late
    await gone(alive, wait, clock)
  }
}

/** Resolves when none of these is alive, or after so many milliseconds. Looks often at first: most end at once. */
async function gone(processes: Identity[], milliseconds: number, clock: Clock): Promise<void> {
  const began = clock.monotonic()
  for (let pause = 5; clock.monotonic() - began < milliseconds; pause = Math.min(pause * 2, 200)) {
    if (!processes.some(isAlive)) return
    await clock.sleep(Math.min(pause, milliseconds))
  }
}

function send(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
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
