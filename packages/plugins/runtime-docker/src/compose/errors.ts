import { InputError, MissingError, RefusedError, UnavailableError } from '@longshore/core'

export function composeMissing(looked: string): MissingError {
  return new MissingError('COMPOSE_MISSING', `Docker Compose is not on this host: ${looked}`, {
    hint: 'Install the package docker-compose-plugin (or docker-compose-v2), or name the binary by docker.compose in the config.',
  })
}

/** A compose file that is not there, or is none. */
export function composeFile(file: string, reason: string): InputError {
  return new InputError('COMPOSE_FILE', `${file}: ${reason}`, {
    hint: "Files are named by run.files, relative to the service's folder; try them with docker compose config.",
  })
}

/** What Compose itself said when it did not do its work. */
export function composeFailed(verb: string, how: string, said: string): UnavailableError {
  const last = said ? `: ${said}` : ''
  return new UnavailableError('COMPOSE_FAILED', `docker compose ${verb} ended with ${how}${last}`, {
    hint: 'The output of the deployment holds all that it said.',
  })
}

export function composeStuck(pids: number[]): UnavailableError {
  return new UnavailableError('COMPOSE_STUCK', `processes of Compose outlive SIGKILL: ${pids.join(', ')}`, {
    hint: 'They wait in the kernel; nothing is deployed beside them. End them by hand.',
  })
}

/** A project of that name is there, and Longshore did not make it for this service. */
export function projectTaken(project: string, what: string): RefusedError {
  return new RefusedError(
    'COMPOSE_PROJECT',
    `the project ${project} has ${what}, which is not of this service`,
    {
      hint: 'Give the service another project (run.project), or end the other one: docker compose -p NAME down.',
    },
  )
}

/** A secret where everybody could read it, or where it would decide what is done. */
export function secretPlace(name: string, place: string): RefusedError {
  return new RefusedError('COMPOSE_SECRET', `the secret variable ${name} stands in ${place}`, {
    hint: 'Secrets go into environment, or by secrets: { NAME: { environment: NAME } } into a file of the container.',
  })
}

/** Labels by which Longshore and Compose know what is theirs. */
export function labelTaken(label: string, place: string): RefusedError {
  return new RefusedError('COMPOSE_LABEL', `${place} sets the label ${label}`, {
    hint: 'Labels named longshore.… and com.docker.compose.… tell whose a container is: take it out of the compose file.',
  })
}
