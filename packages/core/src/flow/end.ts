import { within } from '../waiting/deadline.js'
import type { FlowParts } from './parts.js'

/** Milliseconds beyond a runtime's own deadline: it says better than we could what it waited for. */
export const slack = 30_000

/** Ends what runs of a service here by the runtime of this kind; what that prints is kept as `end-<service>`. */
export async function endWith(parts: FlowParts, kind: string, service: string): Promise<void> {
  const { host, runtimes, outputs, secrets, log } = parts
  const timeout = parts.service(service)?.timeout ?? parts.config().defaults.run.timeout
  const runtime = runtimes.get(kind)
  if (!runtime) return log.warn({ service, kind }, 'no plugin can end what this kind once ran')
  const output = await outputs.open(`end-${service}`)
  try {
    await within(timeout + slack, `ending ${service}`, (signal) =>
      runtime.end(
        { service, host },
        { output, signal, secret: (reference) => secrets.open(reference, signal) },
      ),
    )
  } finally {
    await output.close()
  }
}
