import { readlinkSync } from 'node:fs'
import { readingOf, type Reading } from './reading.js'
import { readText } from './text.js'

/** Milliseconds of a tick in /proc: 100 a second on every Linux that Node runs on. */
const tick = 10

/**
 * What processes use together, from /proc; empty when none of them is left. With a process counts what those have used
 * that it started and that ended. Memory is what is theirs alone or shared on purpose: code and mapped files can be
 * given back.
 */
export function readProcesses(pids: readonly number[], root = ''): Reading {
  const all = pids.flatMap((pid) => readProcess(`${root}/proc/${pid}`) ?? [])
  if (all.length === 0) return {}
  const sum = (name: keyof (typeof all)[0]) => all.reduce((total, each) => total + (each[name] ?? NaN), 0)
  return readingOf({
    cpu: sum('cpu'),
    memory: sum('memory'),
    blockRead: sum('blockRead'),
    blockWritten: sum('blockWritten'),
    pids: sum('pids'),
  })
}

/** Undefined when it is gone. What one of them does not show makes no sum: half of it would be a lie. */
function readProcess(folder: string) {
  const stat = readText(`${folder}/stat`)
  const status = readText(`${folder}/status`)
  if (!stat || !status) return undefined
  // Fields 14 to 17 of proc_pid_stat(5), after the name, which may hold anything.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const io = readText(`${folder}/io`)
  // One that ended and was not waited for yet has no memory, and shows no input and output to those who are not root.
  const ended = ticks[0] === 'Z' || ticks[0] === 'X'
  const bytes = (name: string) => (ended ? 0 : scaled(status, name, 1024))
  return {
    cpu: ticks.slice(11, 15).reduce((total, each) => total + Number(each) * tick, 0),
    memory: sumOf(bytes('RssAnon'), bytes('RssShmem')),
    blockRead: scaled(io, 'read_bytes', 1),
    blockWritten: scaled(io, 'write_bytes', 1),
    pids: ended ? 0 : scaled(status, 'Threads', 1),
  }
}

/** Bytes that came into and went out of a process's network, on every interface but loopback. */
export function readNetwork(pid: number, root = ''): Reading {
  const text = readText(`${root}/proc/${pid}/net/dev`)
  if (text === undefined) return {}
  let [networkIn, networkOut] = [0, 0]
  for (const [, name, figures] of text.matchAll(/^\s*([^:|\s]+):\s*(.*)$/gm)) {
    if (name === 'lo') continue
    const numbers = figures!.trim().split(/\s+/).map(Number)
    networkIn += numbers[0]!
    networkOut += numbers[8]!
  }
  return readingOf({ networkIn, networkOut })
}

/** Whether a process is in the same network as this one, whose bytes are then everybody's; undefined: it is not shown. */
export function sharesNetwork(pid: number): boolean | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net')
  } catch {
    return undefined
  }
}

function scaled(text: string | undefined, name: string, factor: number): number | undefined {
  const value = text && new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]
  return value ? Number(value) * factor : undefined
}

function sumOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b
}
