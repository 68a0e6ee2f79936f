import type { CheckTarget, Clock, Flow, HealthProbe, LogLine, Telemetry, Verdict } from '@longshore/core'
import { showHidden, type Placement } from '@longshore/core/protocol'
import type { LogCheck } from '../kinds.js'
import { matcher, type Matcher } from './match.js'
import { isLate, spell } from './network.js'

/** Lines that one look reads. */
const most = 20_000
/** Bytes of a line that are looked into. */
const lineMost = 16_384

export interface LogParts {
  flow: Flow
  telemetries: ReadonlyMap<string, Telemetry>
  clock: Clock
}

/** How far the lines of a deployment were read for one check, and what was found. */
interface Reading {
  deployment: string
  /** Milliseconds since the epoch: of the last line that was read, and how many of exactly that time were. */
  at: number
  same: number
  /** Not every line since the apply was read. */
  cut: boolean
  begun: boolean
  expected: boolean
  refused?: { at: number; line: string }
}

type Check = LogCheck & { timeout: number }
type Target = CheckTarget<Check>

/** Looks through what was printed since the apply: each line once, as it comes. */
export class LogProbe implements HealthProbe<Check> {
  readonly #parts: LogParts
  readonly #readings = new Map<string, Reading>()

  constructor(parts: LogParts) {
    this.#parts = parts
  }

  async check(target: Target, signal: AbortSignal): Promise<Verdict> {
    const { service, host, check } = target
    const placement = this.#parts.flow.placement(service, host)
    const kind = kindOf(placement, target.deployment)
    const telemetry = this.#parts.telemetries.get(kind)
    if (!telemetry) return { state: 'unknown', reason: `no plugin tells what services of kind ${kind} print` }
    const { expect, refuse } = check
    const tests = {
      expect: expect === undefined ? undefined : await matcher(expect),
      refuse: refuse === undefined ? undefined : await matcher(refuse),
    }
    const reading = await this.#reading(target)
    const whole = await read(telemetry, target, reading, others(placement, target.deployment), tests, signal)
    if (signal.aborted && !isLate(signal)) throw signal.reason
    return this.#verdict(check, reading, whole)
  }

  async #reading({ service, name, deployment, since }: Target): Promise<Reading> {
    const key = `${service}/${name}`
    const known = this.#readings.get(key)
    if (known?.deployment === deployment) return known
    // It may have said that it is ready while it was being applied.
    const { phases = [] } = (await this.#parts.flow.deployment(deployment)) ?? {}
    const applying = phases.find(({ phase }) => phase === 'applying')
    const at = applying ? Date.parse(applying.at) : since
    const fresh = { deployment, at, same: 0, cut: false, begun: false, expected: false }
    this.#readings.set(key, fresh)
    return fresh
  }

  #verdict(
    { expect, refuse, within, timeout }: Check,
    { expected, refused, cut }: Reading,
    whole: boolean,
  ): Verdict {
    const counts = refused && (within === undefined || this.#parts.clock.now() - refused.at < within)
    if (counts) return { state: 'unhealthy', reason: `it printed what it must not: ${refused.line}` }
    if (!whole)
      return { state: 'unknown', reason: `it prints more than can be looked through in ${spell(timeout)}` }
    if (expect === undefined || expected)
      return {
        state: 'healthy',
        say: refuse === undefined ? 'it printed what is expected' : 'it printed nothing bad',
      }
    if (cut) return { state: 'unknown', reason: `what is expected is not in the last ${most} lines` }
    return { state: 'unhealthy', reason: 'it has not printed what is expected' }
  }
}

interface Tests {
  expect: Matcher | undefined
  refuse: Matcher | undefined
}

/** Reads on from where the last look ended; answers whether it came to the end. */
async function read(
  telemetry: Telemetry,
  { service, host }: Target,
  reading: Reading,
  foreign: ReadonlySet<string>,
  tests: Tests,
  signal: AbortSignal,
): Promise<boolean> {
  let [skip, count] = [reading.same, 0]
  const first = reading.at
  // Once, after a start of Longshore, a deployment may have printed for weeks.
  const tail = reading.begun ? undefined : most
  for await (const { lines } of telemetry.logs({ service, host, since: first, tail }, signal)) {
    for (const line of lines) {
      if (line.time === first && skip-- > 0) continue
      if (count++ === most) return false
      take(line, reading, foreign, tests)
    }
    if (signal.aborted) break
  }
  if (!reading.begun) reading.cut = count >= most
  if (signal.aborted) return false
  reading.begun = true
  return true
}

function take(
  line: LogLine,
  reading: Reading,
  foreign: ReadonlySet<string>,
  { expect, refuse }: Tests,
): void {
  reading.same = line.time === reading.at ? reading.same + 1 : 1
  reading.at = line.time
  if (line.stream === 'note' || foreign.has(line.instance)) return
  const text = Buffer.from(line.bytes.subarray(0, lineMost)).toString()
  if (!reading.expected && expect?.(text)) reading.expected = true
  if (refuse?.(text)) reading.refused = { at: line.time, line: showHidden(text.slice(0, 200)) }
}

/** The run kind of what was deployed, whatever is declared by now. */
export function kindOf(placement: Placement | undefined, deployment: string): string {
  const { running, deployment: under, run } = placement ?? {}
  const own = under?.id === deployment ? under : running
  return own?.runtime ?? run?.kind ?? ''
}

/** Instances of other deployments that run no more: their last words are not this one's. */
function others(placement: Placement | undefined, deployment: string): Set<string> {
  const gone = (placement?.instances ?? []).filter(
    (each) => each.deployment !== deployment && (each.state === 'exited' || each.state === 'lost'),
  )
  return new Set(gone.map(({ id }) => id))
}
