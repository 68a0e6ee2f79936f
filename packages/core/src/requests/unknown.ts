import { MissingError } from '../kernel/errors.js'

/** What every door answers for a service that was never declared, or no longer is. */
export function serviceUnknown(service: string, host?: string, removed = false): MissingError {
  return new MissingError('SERVICE_UNKNOWN', `there is no service ${service}${host ? ` on ${host}` : ''}`, {
    hint: removed ? 'It was removed from the config; its history is kept.' : 'Look at `longshore ls`.',
  })
}

export function deploymentUnknown(id: string): MissingError {
  return new MissingError('DEPLOYMENT_UNKNOWN', `there is no deployment ${id}`, {
    hint: 'Look at `longshore deployments SERVICE`.',
  })
}
