import { join } from 'node:path'
import { readingOf, type Reading } from './reading.js'
import { readNumber, readText } from './text.js'

/** Folders of cgroups, by the name of their controller; `unified` is version 2. */
export type CgroupFolders = ReadonlyMap<string, string>

/** From here on a limit of version 1 means that there is none: it says the largest number of pages in bytes. */
const noLimit = 2 ** 62

/**
 * The cgroups that a process is in, as this process can reach them: those beyond its own cgroup namespace are left out.
 * In tests `root` is where /proc is.
 */
export function cgroupsOf(pid: number | 'self', root = ''): CgroupFolders {
  const inside = new Map<string, string>()
  for (const line of lines(join(root, '/proc', String(pid), 'cgroup'))) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    for (const name of names?.split(',') ?? []) inside.set(name || 'unified', path!)
  }
  const folders = new Map<string, string>()
  for (const line of lines(join(root, '/proc/self/mountinfo'))) {
    // Each container adds lines of its own.
    if (!line.includes(' - cgroup')) continue
    const [before, after] = line.split(' - ') as [string, string | undefined]
    const [mounted, point] = before.split(' ').slice(3).map(unescape)
    const [type, , options] = after?.split(' ') ?? []
    const names = type === 'cgroup2' ? ['unified'] : type === 'cgroup' ? options!.split(',') : []
    for (const name of names) {
      const path = below(mounted!, inside.get(name))
      if (path !== undefined) folders.set(name, join(root, point!, path))
    }
  }
  return folders
}

/**
 * The cgroups that are all an instance's, known by its name in the path: the process may be in one further below, and
 * in some controllers in none of its own.
 */
export function cgroupsNamed(name: string, pid: number, root?: string): CgroupFolders {
  const folders = new Map<string, string>()
  for (const [controller, folder] of cgroupsOf(pid, root)) {
    const parts = folder.split('/')
    const at = parts.findIndex((part) => part.includes(name))
    if (at >= 0) folders.set(controller, parts.slice(0, at + 1).join('/'))
  }
  return folders
}

/** What is used in these cgroups, version 1 before version 2; empty when they are gone. */
export function readCgroups(folders: CgroupFolders): Reading {
  const unified = folders.get('unified')
  return readingOf({
    cpu: cpuOf(folders.get('cpuacct'), unified),
    ...memoryOf(folders.get('memory'), unified),
    ...blocksOf(folders.get('blkio'), unified),
    pids: readNumber(file(folders.get('pids') ?? unified, 'pids.current')),
  })
}

function cpuOf(first: string | undefined, unified: string | undefined): number | undefined {
  return first
    ? scaled(readNumber(file(first, 'cpuacct.usage')), 1e-6)
    : scaled(field(readText(file(unified, 'cpu.stat')), 'usage_usec'), 1e-3)
}

function memoryOf(first: string | undefined, unified: string | undefined) {
  const folder = first ?? unified
  const [used, limit, idle] = first
    ? (['memory.usage_in_bytes', 'memory.limit_in_bytes', 'total_inactive_file'] as const)
    : (['memory.current', 'memory.max', 'inactive_file'] as const)
  const memory = readNumber(file(folder, used))
  if (memory === undefined) return {}
  const most = readNumber(file(folder, limit))
  return {
    memory: memory - (field(readText(file(folder, 'memory.stat')), idle) ?? 0),
    memoryLimit: most !== undefined && most < noLimit ? most : undefined,
  }
}

function blocksOf(first: string | undefined, unified: string | undefined) {
  const text = readText(first ? file(first, 'blkio.throttle.io_service_bytes') : file(unified, 'io.stat'))
  // Kernels with version 1 count only where something is throttled: without a device nothing is known, not nothing done.
  if (text === undefined || (first && !/^\d/.test(text))) return {}
  const sum = (pattern: RegExp) =>
    [...text.matchAll(pattern)].reduce((total, [, bytes]) => total + Number(bytes), 0)
  return first
    ? { blockRead: sum(/^\S+ Read (\d+)$/gm), blockWritten: sum(/^\S+ Write (\d+)$/gm) }
    : { blockRead: sum(/\brbytes=(\d+)/g), blockWritten: sum(/\bwbytes=(\d+)/g) }
}

function file(folder: string | undefined, name: string): string | undefined {
  return folder && `${folder}/${name}`
}

function scaled(figure: number | undefined, factor: number): number | undefined {
  return figure === undefined ? undefined : figure * factor
}

function field(text: string | undefined, name: string): number | undefined {
  const value = text && new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]
  return value ? Number(value) : undefined
}

/** Where a path of the hierarchy is within what is mounted of it; undefined when it is not. */
function below(mounted: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  const top = mounted === '/' ? '' : mounted
  if (path !== mounted && !path.startsWith(`${top}/`)) return undefined
  const rest = path.slice(top.length)
  return rest.split('/').includes('..') ? undefined : rest
}

function lines(name: string): string[] {
  return readText(name)?.split('\n').filter(Boolean) ?? []
}

/** Blanks and the like in mountinfo: `\040`. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}
