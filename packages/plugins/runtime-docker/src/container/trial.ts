import type { ApplyContext, Clock } from '@longshore/core'
import type { Engine } from '../client.js'
import type { ContainerDetails } from '../schema.js'
import { upFailed } from '../errors.js'

/** Milliseconds that a container without a health check must run for its deployment to succeed. */
export const window = 1_000
const glance = 100

type Trial = Pick<ApplyContext, 'output' | 'signal' | 'aside'> & { service: string; clock: Clock }

/** Resolves when a started container is healthy, or without a health check has run for a while. Errors: CONTAINER_FAILED. */
export async function untilWell(
  engine: Engine,
  id: string,
  { service, clock, output, signal, aside }: Trial,
): Promise<void> {
  let said: string | undefined
  for (let ran = false; ;) {
    signal.throwIfAborted()
    const details = await engine.inspect(id)
    const fault = faultOf(details)
    if (fault) {
      const probe = lastProbe(details)
      if (probe) await output.write('note', `its health check said last: ${probe}\n`)
      throw upFailed(service, fault)
    }
    const health = details.State.Health?.Status
    if (health !== undefined && health !== said)
      await output.write('note', `the container is ${(said = health)}\n`)
    if (health === undefined ? ran : health === 'healthy') return
    // One that gets healthy may be busy with it, and keeps its place.
    if (health === undefined) await aside(() => clock.sleep(window, signal)).then(() => (ran = true))
    else await clock.sleep(glance, signal)
  }
}

export function faultOf({
  State: { Running, Restarting, OOMKilled, ExitCode, Error: error, Health },
  RestartCount,
}: ContainerDetails): string | undefined {
  if (OOMKilled) return 'used more memory than it may and was ended'
  if (Restarting || RestartCount > 0) return `ended with exit code ${ExitCode} and is started again and again`
  if (!Running) return `ended with exit code ${ExitCode}${error ? `: ${error}` : ''}`
  return Health?.Status === 'unhealthy' ? 'is unhealthy' : undefined
}

export function lastProbe({ State: { Health } }: ContainerDetails): string {
  return (Health?.Log?.at(-1)?.Output ?? '').trim().slice(-500)
}
