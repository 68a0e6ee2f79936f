import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync } from 'node:fs'
import { accessSync, readFileSync, rmdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupsOf } from '@longshore/core'
import { bootId, signal, statOf, type Identity } from './processes.js'

/**
 * Hierarchies of which one suffices, the best first: `pids` bars forks while a cgroup is ended, `freezer` stops them.
 * Version 2 comes after these two, though it can kill by itself: there whoever enters waits for the kernel, 10 ms or so.
 */
const preferred = ['pids', 'freezer', 'unified', 'memory']

/** How often a list of nobody alive is read again before it is believed. */
const looks = 200

/** Our own cgroup in each hierarchy that is mounted, the preferred ones first. Below it instances get theirs. */
export function ownCgroups(): string[] {
  const places = cgroupsOf('self')
  const named = [...places.keys()].filter((name) => name.startsWith('name='))
  return [...preferred, ...named].flatMap((name) => places.get(name) ?? [])
}

/** The cgroups of one data folder's instances: `longshore/<id>/<deployment>`, in the first place that lets us. */
export class Cgroups {
  readonly #places: readonly string[]
  #id = ''
  #folder: string | undefined

  /** In tests other places, or none. */
  constructor(places: readonly string[] = ownCgroups()) {
    this.#places = places
  }

  /** Where instances get theirs; undefined where this machine, or its user's rights, allow none. */
  get folder(): string | undefined {
    return this.#folder
  }

  open(id: string): void {
    this.#id = id
    this.#folder = this.#folders().find((folder, index) => {
      try {
        mkdirSync(folder, { recursive: true })
        const own = join(this.#places[index]!, 'cgroup.procs')
        for (const file of [own, new Cgroup(folder).door]) accessSync(file, constants.W_OK)
        return true
      } catch {
        return false
      }
    })
  }

  /** Makes an instance's, ready to be entered; undefined where there can be none. */
  create(deployment: string): Cgroup | undefined {
    if (this.#folder === undefined) return undefined
    const cgroup = new Cgroup(join(this.#folder, deployment))
    return cgroup.create() ? cgroup : undefined
  }

  /** Those that are there, whoever made them, in every hierarchy. */
  all(): Cgroup[] {
    return this.#folders().flatMap((folder) => folders(folder).map((path) => new Cgroup(path)))
  }

  close(): void {
    for (const folder of this.#folders()) if (remove(folder)) remove(join(folder, '..'))
  }

  #folders(): string[] {
    return this.#places.map((place) => join(place, 'longshore', this.#id))
  }
}

/** One instance's cgroup: whatever it starts is in it, however far it goes. */
export class Cgroup {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** The file by which a process enters that writes 0 to it. In version 1 as a thread, which waits for no other. */
  get door(): string {
    const tasks = join(this.path, 'tasks')
    return existsSync(tasks) ? tasks : join(this.path, 'cgroup.procs')
  }

  create(): boolean {
    try {
      mkdirSync(this.path, { recursive: true })
      // One that could not be removed after `kill` is used again.
      write(this.path, 'pids.max', 'max')
      return true
    } catch {
      return false
    }
  }

  /**
   * Every process in it and in the cgroups that were made below it; never ourselves. Empty is what lists nobody: one that
   * forks and ends is listed and gone before it is looked at, and its child was not there yet.
   */
  members(): Identity[] {
    for (let more = looks; ; more--) {
      const listed = this.#pids().filter((pid) => pid !== process.pid)
      const found = listed.flatMap((pid) => {
        const start = statOf(pid)?.start
        return start === undefined ? [] : { pid, start, boot: bootId() }
      })
      if (found.length > 0 || listed.length === 0 || more === 0) return found
    }
  }

  /** SIGKILL for all of them. What is forked in the same moment is met by the next call. */
  kill(): void {
    // Started by a job of its own Longshore is in that one's cgroup.
    const pids = this.#pids()
    const alone = !pids.includes(process.pid)
    if (alone && write(this.path, 'cgroup.kill', '1')) return
    const all = alone ? [this.path, ...below(this.path)] : []
    for (const folder of all) {
      write(folder, 'pids.max', '0')
      write(folder, 'freezer.state', 'FROZEN')
      write(folder, 'cgroup.freeze', '1')
    }
    for (const pid of alone ? this.#pids() : pids) if (pid !== process.pid) signal(pid, 'SIGKILL')
    for (const folder of all) {
      write(folder, 'freezer.state', 'THAWED')
      write(folder, 'cgroup.freeze', '0')
    }
  }

  /** Answers whether it is gone; a process that ended this moment may hold it still. */
  remove(): boolean {
    return [...below(this.path).reverse(), this.path].every(remove)
  }

  /** A number of 0 is a process that our pid namespace does not show. */
  #pids(): number[] {
    return [this.path, ...below(this.path)]
      .flatMap((folder) => lines(join(folder, 'cgroup.procs')))
      .map(Number)
      .filter((pid) => pid > 0)
  }
}

/** The cgroups below one, each before those in it. */
function below(path: string): string[] {
  return folders(path).flatMap((folder) => [folder, ...below(folder)])
}

function folders(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name))
  } catch {
    return []
  }
}

/** The lines of a file; none when it is not there, or says nothing. */
function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

/** Answers whether the kernel took it: each version and hierarchy has only some of these files. */
function write(folder: string, name: string, text: string): boolean {
  try {
    const file = openSync(join(folder, name), constants.O_WRONLY)
    try {
      writeSync(file, text)
    } finally {
      closeSync(file)
    }
    return true
  } catch {
    return false
  }
}

function remove(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
