import { readdirSync, readlinkSync } from 'node:fs'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { bootId, readProc, statOf, type Identity } from './processes.js'

/** The variable that everything this runtime starts carries, and hands on to what it starts in its turn. */
export const markName = 'LONGSHORE_INSTANCE'

/** A process as a look at all of them finds it. */
export interface Seen extends Identity {
  group: number
  session: number
  /** Whether somebody sits before it. */
  terminal: boolean
  /** Undefined without one, empty when it shows no environment at all. */
  mark: string | undefined
}

/** Milliseconds that looks rest when several had asked for the last one: those who ask meanwhile share the next. */
const rest = 50

/**
 * Lets everybody who asks before a run begins share it. Nobody is given what a run found that had begun before they
 * asked: what they ask about may have come about since.
 */
export function coalesced<T>(run: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  let asked = 0
  return () => {
    asked++
    return (next ??= last.then(setImmediate).then(() => {
      const many = asked > 1
      next = undefined
      asked = 0
      const found = run()
      last = found.catch(() => {}).then(() => (many ? setTimeout(rest) : undefined))
      return found
    }))
  }
}

/** Lists of what there is that a look makes at most: each but the first for what came about since the one before. */
const lists = 10

/** Looks at every process of the machine but the kernel's, and those of our own session: whatever we start leads one. */
export const look = coalesced(async () => {
  const own = statOf(process.pid)?.session
  const known = new Set<string>()
  const found: Seen[] = []
  for (let list = 0, looked = -1; list < lists && known.size > looked; list++) {
    looked = known.size
    for (const name of readdirSync('/proc')) {
      if (known.has(name) || !/^\d+$/.test(name)) continue
      known.add(name)
      if (known.size % 100 === 0) await setImmediate()
      const seen = see(Number(name), own)
      if (seen) found.push(seen)
    }
  }
  // What is being executed shows no environment for a moment.
  return found.flatMap((seen) => (seen.mark === '' ? (see(seen.pid, own) ?? []) : seen))
})

function see(pid: number, own: number | undefined): Seen | undefined {
  const stat = statOf(pid)
  // The kernel's own have no session.
  if (!stat || stat.session === 0 || stat.session === own) return undefined
  const { start, group, session, terminal } = stat
  const environ = readProc(`/proc/${pid}/environ`)
  return {
    pid,
    start,
    boot: bootId(),
    group,
    session,
    terminal,
    mark: environ === undefined ? undefined : markIn(environ),
  }
}

const named = `${markName}=`

function markIn(environ: string): string | undefined {
  if (environ.length === 0) return ''
  for (let at = environ.indexOf(named); at >= 0; at = environ.indexOf(named, at + 1)) {
    if (at > 0 && environ[at - 1] !== '\0') continue
    const end = environ.indexOf('\0', at)
    return environ.slice(at + named.length, end < 0 ? undefined : end)
  }
  return undefined
}

/** Whether a process has one of these files open. One of another user's shows it to root only. */
export function holds({ pid }: Identity, files: readonly string[]): boolean {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).some((name) => files.includes(linkOf(`${folder}/${name}`)))
  } catch {
    return false
  }
}

/** Whether a process works in a folder, or runs a program of it. */
export function livesIn({ pid }: Identity, folder: string): boolean {
  const inside = (path: string) => path === folder || path.startsWith(`${folder}/`)
  return inside(linkOf(`/proc/${pid}/cwd`)) || inside(linkOf(`/proc/${pid}/exe`))
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
