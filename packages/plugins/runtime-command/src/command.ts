import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path'
import { InputError, RefusedError, type ApplyContext, type Plan } from '@longshore/core'
import type { Command, CommandRun } from './config.js'
import { markName } from './look.js'

/** A command that is there and may be executed. */
export interface Resolved {
  file: string
  args: string[]
  /** What it was called with, for people. */
  name: string
  /** Whether PATH led to it. */
  found: boolean
}

/** What is passed on of Longshore's own environment: where things are, who this is, language and time zone. */
const base = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR']
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Finds what a command names: a path with a slash in the folder, which it must not leave, a bare word on PATH. A string
 * is always a path. Errors: UP_NOT_FOUND, UP_NOT_EXECUTABLE, UP_OUTSIDE.
 */
export async function resolveCommand(command: Command, directory: string): Promise<Resolved> {
  const [name, ...args] = typeof command === 'string' ? [command] : command
  if (typeof command !== 'string' && !name.includes('/'))
    return { file: await onPath(name), args, name, found: true }
  const file = typeof command !== 'string' && isAbsolute(name) ? name : await inFolder(name, directory)
  await refuseOthers(file, name)
  return { file, args, name, found: false }
}

/** By what a shell executes it: what it was called with, if PATH leads the shell to the same file. */
export function wordOf({ file, name, found }: Resolved, path = ''): string {
  const same = path === process.env['PATH'] && path.split(delimiter).every(isAbsolute)
  return found && same ? name : file
}

async function inFolder(name: string, directory: string): Promise<string> {
  const root = await realpath(directory)
  const lexical = resolve(root, name)
  const real = await realpath(lexical).catch(() => lexical)
  const inside = (path: string) => path.startsWith(root + sep)
  if (isAbsolute(name) || !inside(lexical) || !inside(real)) {
    throw new RefusedError('UP_OUTSIDE', `${name} leads out of the service's folder`, {
      hint: 'Name an executable in the folder by its relative path; for a program of the machine write words, such as [make, up].',
    })
  }
  return lexical
}

async function onPath(name: string): Promise<string> {
  for (const folder of (process.env['PATH'] || defaultPath).split(delimiter)) {
    const file = join(folder, name)
    const found = await stat(file).catch(() => undefined)
    if (found?.isFile() && (await executable(file))) return file
  }
  throw missing(name, `Install it where Longshore runs, or name a file of the tree with a slash: ./${name}.`)
}

async function refuseOthers(file: string, name: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (!found) throw missing(name, 'Is it committed, and is its name spelled as in the tree?')
  if (found.isFile() && (await executable(file))) return
  throw new InputError('UP_NOT_EXECUTABLE', `${name} is there, but cannot be executed`, {
    hint: `Commit it as executable: git update-index --chmod=+x ${name}`,
  })
}

async function executable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

function missing(name: string, hint: string): InputError {
  return new InputError('UP_NOT_FOUND', `there is no ${name} to run`, { hint })
}

/** What a spawn itself says: the file was there a moment ago, so most often its `#!` line names what is not. */
export function spawnError({ name }: Resolved, error: Pick<NodeJS.ErrnoException, 'code'>): Error {
  if (error.code === 'ENOENT')
    return missing(name, 'If it is a script: does its first line (#!) name a program of this machine?')
  if (error.code !== 'EACCES' && error.code !== 'ENOEXEC') return error as Error
  return new InputError('UP_NOT_EXECUTABLE', `${name} cannot be executed (${error.code})`, {
    hint: 'Is it a program for this machine, or a script with a #! line, on a file system that allows execution?',
  })
}

/** The whole environment of what runs; secrets become values here and nowhere else. */
export async function environment(
  { run, env }: { run: Pick<CommandRun, 'env'>; env: Plan['env'] },
  mark: string,
  secret: ApplyContext['secret'],
): Promise<Record<string, string>> {
  const result: Record<string, string> = { PATH: defaultPath }
  for (const name of base) if (process.env[name]) result[name] = process.env[name]
  for (const [name, value] of Object.entries(run.env)) {
    result[name] = typeof value === 'string' ? value : (await secret(value)).open()
  }
  return { ...result, ...env, [markName]: mark }
}
