import { within } from '../waiting/deadline.js'
import { kindsOf } from '../drift/changes.js'
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
        { output, signal, secret: (reference) => secrets.open(reference, signal), aside: (work) => work() },
      ),
    )
  } finally {
    await output.close()
  }
  await tidy(parts, service)
}

/** Old checkouts go, all that are not in use when the service was removed; that this fails harms nobody and is logged. */
export async function tidy(parts: FlowParts, service: string): Promise<void> {
  const { runtimes, host, config, checkouts, journal, log } = parts
  const last = parts.service(service) ? config().retention.checkouts : 0
  const placement = journal.placement(service, host)
  // One that never ran it uses nothing of it, and its engine may not be there.
  const own = [...kindsOf(placement ? [placement] : [])].flatMap((kind) => runtimes.get(kind) ?? [])
  const uses = () => Promise.all(own.map((runtime) => runtime.uses({ service, host })))
  const used = within(slack, `asking what ${service} uses`, uses)
  const cleaned = used.then((deployments) => checkouts.clean(service, new Set(deployments.flat()), last))
  await cleaned.catch((error: unknown) => log.warn({ error, service }, 'old checkouts could not be removed'))
}
