import type { CheckTarget, Clock, Flow, HealthProbe, Verdict } from '@longshore/core'
import type { ContainerCheck } from '../kinds.js'
import { spell } from './network.js'

/** What a runtime's own knowledge says of what runs: whatever its kind, and without asking the engine again. */
export class ContainerProbe implements HealthProbe<ContainerCheck> {
  readonly #flow: Flow
  readonly #clock: Clock

  constructor(flow: Flow, clock: Clock) {
    this.#flow = flow
    this.#clock = clock
  }

  async check({ service, host, deployment, check }: CheckTarget<ContainerCheck>): Promise<Verdict> {
    const placement = this.#flow.placement(service, host)
    const ill = placement?.drift?.differences.find(({ what }) => illWords.has(what))
    if (ill) return { state: 'unhealthy', reason: ill.say }
    const instances = placement?.instances ?? []
    // What did not change goes on, and is of the deployment that began it.
    const alive = instances.filter(({ state }) => state === 'running')
    const own = instances.filter((each) => each.deployment === deployment)
    if (own.length === 0 && alive.length === 0)
      return { state: 'unknown', reason: 'no instance is known yet' }
    for (const { id, name, state, exitCode, signal } of own) {
      const called = name ?? id.slice(0, 12)
      const how = signal ? ` by ${signal}` : exitCode == null ? '' : ` with exit code ${exitCode}`
      if (state === 'restarting')
        return { state: 'unhealthy', reason: `${called} ended${how} and is started again` }
      if (state === 'lost') return { state: 'unhealthy', reason: `${called} is gone` }
      // What ended well had a task, and has done it.
      if (state === 'exited' && exitCode !== 0) return { state: 'unhealthy', reason: `${called} ended${how}` }
    }
    if (alive.length === 0) return { state: 'unhealthy', reason: 'no instance runs' }
    const least = Math.min(...alive.map(({ since }) => this.#clock.now() - Date.parse(since)))
    const { for: span } = check
    if (span !== undefined && least < span)
      return { state: 'unknown', reason: `it runs for ${spell(Math.max(0, least))} of ${spell(span)}` }
    return { state: 'healthy', say: alive.length === 1 ? 'it runs' : `${alive.length} instances run` }
  }
}

/** Of a difference that a runtime tells: what runs is not well. */
const illWords = new Set(['unhealthy', 'died', 'oom'])
