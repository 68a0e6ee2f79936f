import type { Advance } from './advance.js'

/** Waits until the deployment is known, or the signal aborts. */
export async function untilQueued(journal: Advance, id: string, signal: AbortSignal): Promise<void> {
  const from = journal.last()
  if (await journal.deployment(id)) return
  for await (const events of journal.follow(from, signal)) {
    if (events.some(({ kind, deployment }) => kind === 'deployment.queued' && deployment === id)) return
  }
}
