import { coreRoutes, isKind, type ServiceView } from '@longshore/core/protocol'
import { LongshoreError } from '@longshore/core'
import type { Client } from '@longshore/client'
import { clientArgs, command, openApi } from '../command.js'
import { UsageError } from '../errors.js'
import { plain, printJson } from '../terminal.js'
import { both } from './quarantine.js'
import { actWhere, containsArg } from './where.js'

/** Milliseconds that the end of a service is waited for; the hold stands in any case. */
const endDeadline = 180_000

export const stop = command({
  about:
    'Stops a service and holds it: pushes, restarts and crashes do not start it, only `longshore start` does.',
  args: {
    service: { type: 'positional', description: 'The name of the service', required: false },
    why: {
      type: 'string',
      description: 'The reason: people read it when they find it stopped',
      required: true,
      valueHint: 'TEXT',
    },
    ...containsArg,
    detach: { type: 'boolean', description: 'Return once the hold is recorded, before everything has ended' },
    ...clientArgs,
  },
  examples: [
    ["longshore stop api --why 'the disk is full'", 'returns when it has ended'],
    ["longshore stop --contains 3f2a1bc --why 'CVE'", 'every service that has a commit with it'],
  ],
  async run({ service, contains, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    if (contains !== undefined) {
      if (service !== undefined) throw both()
      return actWhere(api, { route: coreRoutes.stopWhere, contains, why, json }, terminal)
    }
    if (service === undefined) {
      const hint = 'See longshore stop --help'
      throw new UsageError('COMMAND_USAGE', 'a service belongs here, or --contains COMMIT', { hint })
    }
    const accepted = await api.call(coreRoutes.stop, { params: { service }, body: { why } })
    const view = detach ? undefined : await untilEnded(api, service, accepted.seq)
    if (json) return printJson(terminal, view ?? accepted)
    terminal.print(detach ? `${service} is held and ends.` : `${service} is held; it has ended.`)
    for (const placement of view?.placements ?? []) if (placement.why) terminal.print(plain(placement.why))
  },
})

async function untilEnded(api: Client, service: string, after: number): Promise<ServiceView> {
  const life = new AbortController()
  const timer = setTimeout(() => life.abort(), endDeadline)
  const look = () => api.call(coreRoutes.service, { params: { service } })
  try {
    let view = await look()
    if (hasEnded(view)) return view
    for await (const event of api.events({ service }, after, life.signal)) {
      if (isKind(event, 'service.stuck')) throw stuck(service, event.data.reason)
      if (isKind(event, 'service.ended', 'deployment.settled') && hasEnded((view = await look()))) return view
    }
    throw stuck(service, `it had not ended after ${endDeadline / 1000} s`)
  } finally {
    clearTimeout(timer)
    life.abort()
  }
}

function hasEnded({ placements }: ServiceView): boolean {
  return placements.every(({ running, deployment }) => running === undefined && deployment === undefined)
}

function stuck(service: string, reason: string): LongshoreError {
  return new LongshoreError('STOP_UNFINISHED', `${service} is held, but could not be ended: ${reason}`, {
    hint: `It is tried again by itself; look at it: longshore show ${service}`,
  })
}
