import type { Client } from '@longshore/client'
import { coreRoutes, isKind, type Deployment, type Event, type Outcome } from '@longshore/core/protocol'
import { LongshoreError } from '@longshore/core'
import { plain, printJson, subject, type Terminal } from '../terminal.js'

/** Milliseconds that a deployment's turn may take to come: what was under way has to end before. */
const turnDeadline = 180_000
/** Milliseconds for the rest of the output, once the deployment has settled. */
const restDeadline = 5_000

export interface Followed {
  service: string
  id: string
  /** Every event of the deployment has a greater seq. */
  after: number
  json?: boolean
}

const exitCodes: Partial<Record<Outcome, number>> = { kept: 0, refused: 3 }

/** Shows phases and output as they come; answers the exit code that the outcome asks for. */
export async function followDeployment(
  api: Client,
  { service, id, after, json }: Followed,
  terminal: Terminal,
): Promise<number> {
  const life = new AbortController()
  const timer = setTimeout(() => life.abort(), turnDeadline)
  const quiet: Terminal = json ? { ...terminal, print: () => undefined } : terminal
  let output: Promise<void> | undefined
  let settled: Event | undefined
  for await (const event of api.events({ service }, after, life.signal)) {
    if (event.deployment !== id || !event.kind.startsWith('deployment.')) continue
    clearTimeout(timer)
    if (isKind(event, 'deployment.queued')) {
      const { commit } = event.data
      quiet.print(`${service} ${commit.sha.slice(0, 7)} ${subject(commit.message)}`)
      output = printOutput(api, id, { follow: true, signal: life.signal }, quiet)
    }
    if (isKind(event, 'deployment.started', 'deployment.entered'))
      quiet.print(quiet.paint('dim', `${event.data.phase} …`))
    if (isKind(event, 'deployment.settled')) {
      settled = event
      break
    }
  }
  clearTimeout(timer)
  if (!settled) throw neverQueued(service, id)
  await Promise.race([output, restOf(life.signal)])
  life.abort()
  const deployment = await api.call(coreRoutes.deployment, { params: { deployment: id } })
  if (json) printJson(terminal, deployment)
  else terminal.print(verdict(deployment, terminal))
  return exitCodes[deployment.outcome!] ?? 1
}

/** Prints what a deployment printed; with `follow` until it has settled. */
export async function printOutput(
  api: Client,
  id: string,
  { follow, signal }: { follow: boolean; signal: AbortSignal },
  terminal: Terminal,
): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    const query = { follow: follow ? '1' : '0' }
    const answer = await api.stream(coreRoutes.output, { params: { deployment: id }, query }, { signal })
    for await (const chunk of answer) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      // A line without an end is shown in pieces, not kept without a bound.
      rest = lines.at(-1)!.length > 65_536 ? '' : lines.pop()!
      for (const line of lines) terminal.print(`  ${line}`)
    }
  } catch (error) {
    if (!signal.aborted) terminal.note(`its output cannot be shown: ${(error as Error).message}`)
  }
  if (rest !== '') terminal.print(`  ${rest}`)
}

function restOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, restDeadline)
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  })
}

function verdict({ service, commit, outcome, reason, code, phases }: Deployment, terminal: Terminal): string {
  const seconds = ((Date.parse(phases.at(-1)!.at) - Date.parse(phases[0]!.at)) / 1000).toFixed(1)
  if (outcome === 'kept')
    return terminal.paint('green', `${service} runs ${commit.sha.slice(0, 7)}, in ${seconds} s`)
  return terminal.paint(
    'red',
    plain(`${outcome} after ${seconds} s: ${reason ?? 'no reason was given'}${code ? ` (${code})` : ''}`),
  )
}

function neverQueued(service: string, id: string): LongshoreError {
  return new LongshoreError(
    'DEPLOYMENT_NOT_QUEUED',
    `the deployment ${id} did not begin in ${turnDeadline / 60_000} minutes`,
    {
      hint: `Another request may have taken its place; look at it: longshore show ${service}`,
    },
  )
}
