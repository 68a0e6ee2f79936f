import {
  FanOut,
  RefusedError,
  textFrames,
  type Clock,
  type Flow,
  type HostInfo,
  type Journal,
  type SetupContext,
  type Telemetry,
} from '@longshore/core'
import { coreTopics, type Sample, type SampleFrame } from '@longshore/core/protocol'
import { placementsOf } from './api/services.js'
import type { Turns } from './api/turns.js'

interface TopicParts {
  flow: Flow
  journal: Journal
  turns: Turns
  /** By run kind. */
  telemetries: ReadonlyMap<string, Telemetry>
  host: HostInfo
  clock: Clock
}

/** Adds who answers the core's topics, by the door that every plugin uses for its own. */
export function addCoreTopics(
  { add }: SetupContext<unknown, Record<never, never>>['topics'],
  parts: TopicParts,
): void {
  const { flow, journal, turns, host, clock } = parts
  const fanOut = new FanOut(clock)
  add(coreTopics.logs, async ({ service, instance, tail }, signal) => {
    const telemetry = telemetryOf(parts, service)
    const query = { service, host: host.name, instance, tail, follow: true }
    const open = (life: AbortSignal) => telemetry.logs(query, life)
    return fanOut.watch(JSON.stringify([service, instance]), tail, open, signal)
  })
  add(coreTopics.stats, async ({ service, instance }, signal) => {
    const query = { service, host: host.name, instance, every: 1_000 }
    return sampleFrames(telemetryOf(parts, service).stats(query, signal))
  })
  add(coreTopics.output, async ({ deployment, tail }, signal) => {
    await turns.wait(flow, journal, deployment, signal)
    return textFrames(flow.output(deployment, true, signal, tail))
  })
}

function telemetryOf({ flow, telemetries, host }: TopicParts, service: string): Telemetry {
  const { kind } = placementsOf(flow, service, host.name)[0]!.run
  const telemetry = telemetries.get(kind)
  if (telemetry) return telemetry
  throw new RefusedError('WEB_KIND_SILENT', `nothing tells what services of kind ${kind} print or use`, {
    hint: 'Look at the output of its deployments.',
  })
}

async function* sampleFrames(batches: AsyncIterable<Sample[]>): AsyncGenerator<SampleFrame> {
  for await (const samples of batches) yield { samples, skipped: 0 }
}
