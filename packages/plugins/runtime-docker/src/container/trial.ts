import type { ApplyContext, Clock } from '@longshore/core'
import type { Engine } from '../client.js'
import type { ContainerDetails } from '../schema.js'
import { upFailed } from '../errors.js'

/** Milliseconds that a container without a health check must run for its deployment to succeed. */
export const window = 1_000
const glance = 100

interface Trial extends Pick<ApplyContext, 'output' | 'signal'> {
  service: string
  clock: Clock
  /** It or its image has a health check. */
  probed: boolean
}

/** Resolves when a started container is healthy, or without a health check has run for a while. Errors: CONTAINER_FAILED. */
export async function untilWell(
  engine: Engine,
  id: string,
  { service, clock, output, signal, probed }: Trial,
): Promise<void> {
  let ran = !probed
  if (ran) await clock.sleep(window, signal)
  let said: string | undefined
  for (;;) {
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
    await clock.sleep(health === undefined ? window : glance, signal)
    ran = true
  }
}

export function faultOf({
  State: { Running, Restarting, OOMKilled, ExitCode, Error: error, Health },
  RestartCount,
}: ContainerDetails): string | undefined {
  if (OOMKilled) return 'used more memory than it may and was ended'
  if (Restarting) return `ended with exit code ${ExitCode} and is started again and again`
  // It runs right now: the code with which it ended is forgotten.
  if (RestartCount > 0) return 'ended and is started again and again'
  if (!Running) return `ended with exit code ${ExitCode}${error ? `: ${error}` : ''}`
  return Health?.Status === 'unhealthy' ? 'is unhealthy' : undefined
}

export function lastProbe({ State: { Health } }: ContainerDetails): string {
  return (Health?.Log?.at(-1)?.Output ?? '').trim().slice(-500)
}
