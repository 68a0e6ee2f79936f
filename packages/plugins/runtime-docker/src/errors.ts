import {
  AwayError,
  DeadlineError,
  InputError,
  LongshoreError,
  RefusedError,
  UnavailableError,
} from '@longshore/core'
import type { Endpoint } from './engine/endpoint.js'

/** What kind of answer a status of the engine's is. */
const faults: Record<number, string> = { 304: 'already', 403: 'forbidden', 404: 'missing', 409: 'conflict' }

/** An error of the engine, or of the way to it, as a coded one; `data.fault` tells what may be expected. */
export function engineFault(error: unknown, { host, from }: Endpoint): LongshoreError {
  const late = error instanceof DeadlineError
  if (error instanceof LongshoreError && !late) return error
  const { statusCode, json, message, code } = error as {
    statusCode?: number
    json?: { message?: string }
    message: string
    code?: string
  }
  if (statusCode === undefined) {
    if (!late && typeof code !== 'string')
      return new UnavailableError(
        'ENGINE_ANSWER',
        `the Docker engine at ${host} answers what is not understood: ${message.slice(0, 500)}`,
        {
          hint: 'Is it a Docker engine, 20.10 or newer? longshore doctor looks at it.',
        },
      )
    const denied = code === 'EACCES' || code === 'EPERM'
    return new AwayError(
      'ENGINE_AWAY',
      `the Docker engine at ${host} (${from}) cannot be reached: ${late ? 'it does not answer' : code}`,
      {
        hint: denied
          ? 'The user that runs Longshore has to be in the group of the socket, usually docker.'
          : 'Is it running? It is asked again by itself. longshore doctor looks at it.',
        data: { fault: 'away', absent: code === 'ENOENT' },
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

/** Whether an error says this of what was asked for: `already`, `missing` or `conflict`. */
export function isFault(error: unknown, ...kinds: string[]): boolean {
  return error instanceof LongshoreError && kinds.includes(String(error.data?.['fault']))
}

export function imageMissing(name: string, reason: string): InputError {
  return new InputError('IMAGE_MISSING', `the image ${name} cannot be had: ${reason}`, {
    hint: 'Is its name right, and does the registry let this host in (run.registry)?',
  })
}

export function buildFailed(service: string, reason: string): InputError {
  return new InputError('BUILD_FAILED', `the image of ${service} cannot be built: ${reason.trim()}`, {
    hint: 'The output of the deployment holds all that the build printed.',
  })
}

export function contextFault(what: string): InputError {
  return new InputError('BUILD_CONTEXT', `the build has no context: ${what}`, {
    hint: "run.context is a folder in the service's folder, and run.file a file in that.",
  })
}

/** Longer than `run.timeout`. */
export function upLate(service: string, milliseconds: number): DeadlineError {
  return new DeadlineError('APPLY_TIMEOUT', `bringing up ${service} took longer than ${milliseconds} ms`, {
    hint: 'Its output says what it waited for. Where it needs longer, set run.timeout.',
  })
}

/** What the engine says of an option that it does not take, by the option. */
const options: [RegExp, string][] = [
  [/assign requested address|invalid (host)?port/i, 'ports'],
  [/\bcpus?\b/i, 'limits.cpus'],
  [/memory/i, 'limits.memory'],
  [/pids/i, 'limits.pids'],
  [/CapAdd/i, 'capAdd'],
  [/CapDrop/i, 'capDrop'],
  [/capabilit/i, 'capAdd'],
  [/health/i, 'healthcheck'],
  [/\b(user|group|passwd)\b/i, 'user'],
  [/executable file|exec:|No command specified|permission denied/i, 'command'],
  [/volume|mount|bind source/i, 'volumes'],
  [/network/i, 'networks'],
]

/** What the engine refused of a container, as the fault of what was declared. */
export function containerFault(error: unknown, service: string): unknown {
  if (!(error instanceof LongshoreError) || error.code !== 'ENGINE_REFUSED') return error
  const port = /port is already allocated|address already in use/.test(error.message)
  if (port) {
    const where = /(?:Bind for|listen (?:tcp|udp)[46]?) (\S+?):? (?:failed|bind)/.exec(error.message)?.[1]
    return new UnavailableError(
      'PORT_TAKEN',
      `the container of ${service} cannot have the port ${where ?? '(see the cause)'}: something else has it`,
      { hint: 'Find out what listens there (ss -lptn), or publish another one by run.ports.', cause: error },
    )
  }
  const option = options.find(([pattern]) => pattern.test(error.message))?.[1]
  if (option === undefined) return error
  const said = error.message.replace(/^[^:]*: /, '')
  return new InputError(
    'OPTION_REFUSED',
    `the Docker engine does not take run.${option} of ${service}: ${said}`,
    {
      hint: 'Mend it in the config.',
      cause: error,
    },
  )
}

/** What a container was to run is not in its image. */
export function commandMissing(service: string, word: string, cause?: unknown): InputError {
  return new InputError(
    'COMMAND_MISSING',
    `${word} is not in the container of ${service}, or cannot be executed there`,
    {
      hint: 'Name a program of its image; a script of the commit has to be copied into the image.',
      ...(cause !== undefined && { cause }),
    },
  )
}

/** What the engine, or Compose, said when a container made for a command did not start, as what it means. */
export function oneOffFault(error: unknown, service: string, word: string): unknown {
  const refused = error instanceof LongshoreError && /^(ENGINE_REFUSED|COMPOSE_FAILED)$/.test(error.code)
  return refused && /unable to start container process/.test(error.message)
    ? commandMissing(service, word, error)
    : error
}

export function commandStuck(container: string, left: number | undefined): UnavailableError {
  const what = left === undefined ? 'a command' : `${left} processes of a command`
  return new UnavailableError(
    'COMMAND_STUCK',
    `${what} in the container ${container.slice(0, 12)} cannot be ended`,
    {
      hint: 'Restart the service. Where the engine is on another machine, its image needs sh and tr for that.',
    },
  )
}

export function instanceMissing(service: string, named: string | undefined): UnavailableError {
  return new UnavailableError(
    'INSTANCE_MISSING',
    `nothing runs of ${named ? `${service}/${named}` : service}`,
    {
      hint: 'A command in an instance needs one that runs; one in a container of its own does not.',
    },
  )
}

export function serviceMissing(service: string, named: string | undefined, all: string[]): InputError {
  const fault = named === undefined ? 'no service of it is named' : `it has no service ${named}`
  return new InputError('COMMAND_SERVICE', `a command of ${service} cannot run: ${fault}`, {
    hint:
      all.length === 0
        ? 'Only a compose project has services; here the place is named container or instance.'
        : `Name one of its services: ${all.join(', ')}.`,
  })
}

/** A container that ended, restarts or is unhealthy before it was kept. */
export function upFailed(service: string, how: string, output = ''): UnavailableError {
  const said = output && `; it printed last: ${output}`
  return new UnavailableError('CONTAINER_FAILED', `the container of ${service} ${how}${said}`, {
    hint: 'The output of the deployment holds what it printed last.',
  })
}

/** What the policy does not let a container have. */
export function policyRefused(rule: string, what: string): RefusedError {
  return new RefusedError('POLICY_REFUSED', `the rule ${rule} refuses ${what}`, {
    hint: `If it is meant to be, allow it by name in the service's run section: allow: [${rule}]`,
    data: { rule },
  })
}
