import { describeError } from '@longshore/core'
import type { RuntimeChange } from '@longshore/core'
import { engineFault } from '../errors.js'
import { labelsOfHost } from '../container/labels.js'
import { Lookout, type WatchTools } from './lookout.js'

/** Milliseconds before a lost engine is asked again: doubled each time. */
const pauses = { first: 500, longest: 2_000 }

/** What may change a container that was applied. */
const telling = {
  type: ['container', 'network'],
  event: [
    ...['create', 'start', 'kill', 'die', 'oom', 'stop', 'pause', 'unpause', 'destroy'],
    ...['rename', 'update', 'health_status', 'connect', 'disconnect'],
  ],
}

/**
 * Tells what becomes of the host's containers, over restarts of the engine: each time it is there, what is there is compared
 * with what was known and what was applied, so that nothing is told twice and nothing that happened meanwhile is missed.
 */
export async function* watchContainers(
  tools: WatchTools,
  signal: AbortSignal,
): AsyncGenerator<RuntimeChange, void> {
  const { engine, clock, host, applied } = tools
  await applied.open()
  const lookout = new Lookout(tools, signal)
  const unlisten = applied.listen(lookout)
  let [pause, away] = [pauses.first, false]
  try {
    while (!signal.aborted) {
      const end = new AbortController()
      const either = AbortSignal.any([signal, end.signal])
      try {
        const events = await engine.events({}, either, telling)
        yield* lookout.compare(await engine.containers(labelsOfHost(host), either))
        if (away) yield { kind: 'back', engine: 'docker' }
        ;[pause, away] = [pauses.first, false]
        yield* lookout.follow(events)
      } catch (error) {
        if (signal.aborted) return
        if (!away)
          yield { kind: 'away', engine: 'docker', ...describeError(engineFault(error, engine.endpoint)) }
        away = true
      } finally {
        end.abort()
      }
      await clock.sleep(pause, signal).catch(() => undefined)
      pause = Math.min(pause * 2, pauses.longest)
    }
  } finally {
    unlisten()
  }
}
