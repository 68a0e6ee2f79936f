import type { Clock, Logger } from '@longshore/core'
import type { Decisions } from './decisions.js'
import type { AccountGate } from './gate.js'
import type { Limits } from './limits.js'
import type { AuthStore, Write } from './store.js'

/** Milliseconds between two looks. */
const every = 15_000

interface Parts {
  store: AuthStore
  gate: AccountGate
  limits: Limits
  decisions: Decisions
  clock: Clock
  log: Logger
  changed: () => void
  signal: AbortSignal
}

/** Removes sessions and tokens that are over, and ends what they had opened; tells refusals that were gathered. */
export async function tidy({
  store,
  gate,
  limits,
  decisions,
  clock,
  log,
  changed,
  signal,
}: Parts): Promise<void> {
  while (!signal.aborted) {
    try {
      const sessions = [...store.all('session')].filter(([, session]) => !gate.isOpen(session))
      const tokens = [...store.all('token')].filter(([, token]) => !gate.isUsable(token))
      const gone = [
        ...sessions.map(([hash]): Write => ['session', hash, undefined]),
        ...tokens.map(([hash]): Write => ['token', hash, undefined]),
      ]
      if (gone.length > 0) {
        await store.inTurn(() => store.write(...gone))
        changed()
      }
      limits.clean()
      await decisions.flush()
    } catch (error) {
      log.error({ error }, 'sessions and tokens that are over could not be removed')
    }
    await clock.sleep(every, signal).catch(() => undefined)
  }
}
