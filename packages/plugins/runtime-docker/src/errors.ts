import { AwayError, InputError, LongshoreError, RefusedError, UnavailableError } from '@longshore/core'
import type { Endpoint } from './engine/endpoint.js'

/** What kind of answer a status of the engine's is. */
const faults: Record<number, string> = { 304: 'already', 404: 'missing', 409: 'conflict' }

/** An error of the engine, or of the way to it, as a coded one; `data.fault` tells what may be expected. */
export function engineFault(error: unknown, { host, from }: Endpoint): LongshoreError {
  if (error instanceof LongshoreError) return error
  const { statusCode, json, message, code } = error as {
    statusCode?: number
    json?: { message?: string }
    message: string
    code?: string
  }
  if (statusCode === undefined) {
    const denied = code === 'EACCES' || code === 'EPERM'
    return new AwayError(
      'ENGINE_AWAY',
      `the Docker engine at ${host} (${from}) cannot be reached: ${code ?? message}`,
      {
        hint: denied
          ? 'The user that runs Longshore has to be in the group of the socket, usually docker.'
          : 'Is it running? It is asked again by itself. longshore doctor looks at it.',
        data: { fault: 'away' },
      },
    )
  }
  const said = json?.message ?? message
  return new UnavailableError('ENGINE_REFUSED', `the Docker engine refused: ${said}`, {
    hint: 'What it says names the option or the thing that is wrong.',
    data: { fault: faults[statusCode] ?? 'refused', status: statusCode },
  })
}

/** What came from the engine is not what an engine sends. */
export function frameLie(what: string): UnavailableError {
  return new UnavailableError('ENGINE_FRAME', `the engine's log stream is broken: ${what}`, {
    hint: 'Is it a Docker engine that answers at docker.host, and no proxy that changes what it says?',
  })
}

export function imageMissing(name: string, reason: string): InputError {
  return new InputError('IMAGE_MISSING', `the image ${name} cannot be had: ${reason}`, {
    hint: 'Is its name right, and does the registry let this host in (run.registry)?',
  })
}

/** A container that ended, restarts or is unhealthy before it was kept. */
export function upFailed(service: string, how: string, output: string): UnavailableError {
  return new UnavailableError(
    'CONTAINER_FAILED',
    `the container of ${service} ${how}${output ? `; it printed last: ${output}` : ''}`,
    {
      hint: 'The output of the deployment holds what it printed.',
    },
  )
}

/** What the policy does not let a container have. */
export function policyRefused(rule: string, what: string): RefusedError {
  return new RefusedError('POLICY_REFUSED', `the rule ${rule} refuses ${what}`, {
    hint: `If it is meant to be, allow it by name in the service's run section: allow: [${rule}]`,
    data: { rule },
  })
}
