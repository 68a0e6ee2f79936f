import type { Accepted } from '@longshore/core/protocol'
import type { Client } from '@longshore/client'
import { followDeployment } from '../api/follow.js'
import { printJson, type Terminal } from '../terminal.js'

/** What every command that begins a deployment takes. */
export const followArgs = {
  why: { type: 'string', description: 'The reason, for those who read the journal', valueHint: 'TEXT' },
  detach: { type: 'boolean', description: 'Return at once instead of following the deployment' },
} as const

interface Begun {
  service: string
  accepted: Accepted
  detach?: boolean
  json?: boolean
}

/** Follows the deployment that a request began, or says that it began none; answers the exit code. */
export async function finish(
  api: Client,
  { service, accepted, detach, json }: Begun,
  terminal: Terminal,
): Promise<number> {
  const { deployment: id, seq } = accepted
  if (id !== undefined && !detach) return followDeployment(api, { service, id, after: seq, json }, terminal)
  if (json) printJson(terminal, accepted)
  else terminal.print(id === undefined ? `There is nothing to deploy for ${service} now.` : id)
  return 0
}
