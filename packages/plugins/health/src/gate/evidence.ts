import { within, type Flow, type LogFrame, type Plan, type Telemetry } from '@longshore/core'
import { showHidden } from '@longshore/core/protocol'
import type { Check } from '../checks/check.js'

/** Lines that are shown, and characters of each. */
const most = 20
const longest = 500
/** Instances whose lines are looked for. */
const instancesMost = 20
/** Milliseconds that may be spent on it: the rollback waits. */
const patience = 3_000

export interface EvidenceParts {
  flow: Flow
  telemetries: ReadonlyMap<string, Telemetry>
}

/** What each check said, and the last lines that the deployment printed. */
export async function evidence(
  plan: Plan,
  checks: readonly Check[],
  parts: EvidenceParts,
): Promise<string[]> {
  const told = checks.map((check) => `check ${check.name}: ${said(check)}`)
  const lines = await within(patience, 'reading the last lines', (signal) =>
    lastLines(plan, parts, signal),
  ).catch(() => [])
  return [...told.slice(0, 50 - most), ...lines].map((line) => line.slice(0, longest))
}

/** What a check says now: its state when that is known, else its last look. */
export function said({ standing, last }: Check): string {
  if (standing.state === 'unhealthy') return standing.reason ?? 'unhealthy'
  const verdict = last?.verdict
  if (verdict === undefined) return standing.state === 'healthy' ? 'healthy' : 'nobody has looked yet'
  if (verdict.state === 'healthy') return `healthy${verdict.say ? `, ${verdict.say}` : ''}`
  return verdict.reason
}

async function lastLines(
  plan: Plan,
  { flow, telemetries }: EvidenceParts,
  signal: AbortSignal,
): Promise<string[]> {
  const { service, host, deployment, run } = plan
  const telemetry = telemetries.get((run as { kind: string }).kind)
  const own = (flow.placement(service, host)?.instances ?? []).filter(
    (each) => each.deployment === deployment,
  )
  const found: { time: number; text: string }[] = []
  for (const { id, name } of telemetry ? own.slice(-instancesMost) : []) {
    const frames = telemetry!.logs({ service, host, instance: id, tail: most }, signal)
    found.push(...(await texts(frames, own.length > 1 ? `${name ?? id.slice(0, 12)}: ` : '')))
  }
  // A job prints into the deployment's output.
  if (found.length === 0) found.push(...(await texts(flow.output(deployment, false, signal, 3 * most), '')))
  return found
    .sort((a, b) => a.time - b.time)
    .slice(-most)
    .map(({ text }) => text)
}

async function texts(frames: AsyncIterable<LogFrame>, before: string) {
  const found: { time: number; text: string }[] = []
  for await (const { lines } of frames) {
    for (const { time, bytes, stream } of lines) {
      if (stream === 'note') continue
      const text = Buffer.from(bytes.subarray(0, 4 * longest)).toString()
      found.push({ time, text: before + showHidden(text) })
    }
  }
  return found
}
