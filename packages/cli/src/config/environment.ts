import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { InputError, type ConfigDocument, type LogLevel } from '@longshore/core'
import { withValue } from './document.js'

/** Variables that stand above the config, and where in it. */
const overrides: [name: string, path: string[], read: (text: string) => string][] = [
  ['LONGSHORE_DATA', ['data'], (text) => resolve(text)],
  ['LONGSHORE_LISTEN', ['web', 'listen'], (text) => text],
]

/** The document with what the environment says on top; a fault of that is told at the variable's name. */
export function withEnvironment(document: ConfigDocument, env: NodeJS.ProcessEnv): ConfigDocument {
  const set = overrides.filter(([name]) => env[name])
  if (set.length === 0) return document
  const value = set.reduce(
    (before, [name, path, read]) => withValue(before, path, read(env[name]!)),
    document.value,
  )
  return {
    ...document,
    value,
    place: (path) => {
      const from = set.find(([, own]) => own.join('\0') === path.map(String).join('\0'))
      return from ? { file: from[0] } : document.place?.(path)
    },
  }
}

/** The data folder when neither the config nor the environment names one. */
export function defaultDataFolder(env: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return '/var/lib/longshore'
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'longshore')
}

const levels: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies LogLevel[]

export function logLevel(env: NodeJS.ProcessEnv): LogLevel {
  const level = env['LONGSHORE_LOG'] || 'info'
  if (levels.includes(level)) return level as LogLevel
  throw new InputError('LOG_LEVEL', `LONGSHORE_LOG is ${level}, which is no log level`, {
    hint: `Set it to one of ${levels.join(', ')}.`,
  })
}
