import { pino, type DestinationStream } from 'pino'
import { showHidden } from '../protocol/index.js'
import { LongshoreError } from './errors.js'
import { Secret } from './secret.js'
import { token } from './token.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Structured log lines: facts first, then the sentence. */
export interface Logger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
  /** The same log with facts that stand in every line. */
  child(facts: object): Logger
}

export const Logger = token<Logger>('Logger')

export interface LoggerOptions {
  level: LogLevel
  /** Where the JSON lines go; standard error unless told otherwise. */
  to?: DestinationStream
}

/** A pino logger that cannot print a `Secret`: not as a fact, not within one, not in an error. */
export function createLogger({ level, to }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      // A log is also read on terminals.
      hooks: { streamWrite: showHidden },
      formatters: {
        level: (label) => ({ level: label }),
        log: (facts) => conceal(facts) as Record<string, unknown>,
      },
    },
    to ?? pino.destination({ dest: 2, sync: true }),
  )
}

/** Errors print their code, sentence, hint and stack, and no other field: foreign errors carry headers and configs. */
function conceal(value: unknown, depth = 0): unknown {
  if (value instanceof Secret) return value.toString()
  if (value instanceof Error) return concealError(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth > 6) return '[deep]'
  if (Array.isArray(value)) return value.slice(0, 100).map((each) => conceal(each, depth + 1))
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, conceal(each, depth + 1)]))
}

function concealError(error: Error): object {
  const { name, message, stack } = error
  const cause = error.cause instanceof Error ? concealError(error.cause) : undefined
  return error instanceof LongshoreError
    ? { name, code: error.code, message, hint: error.hint, stack, cause }
    : { name, message, stack, cause }
}
