import type { CheckTarget, HealthProbe, Verdict } from '../../contracts/health-probe.js'

/** Looks that answer what they are told to. */
export class FakeProbe implements HealthProbe {
  /** By the check's name: a verdict, verdicts one after the other of which the last one stays, or `hang`. Absent: healthy. */
  readonly says = new Map<string, Verdict | Verdict[] | 'hang'>()
  /** What was looked at, in order. */
  readonly looks: CheckTarget[] = []

  async check(target: CheckTarget, signal: AbortSignal): Promise<Verdict> {
    signal.throwIfAborted()
    this.looks.push(target)
    const said = this.says.get(target.name) ?? { state: 'healthy', say: 'as told' }
    if (said === 'hang') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      return { state: 'unhealthy', reason: 'no answer' }
    }
    if (!Array.isArray(said)) return said
    return said.length > 1 ? said.shift()! : said[0]!
  }
}
