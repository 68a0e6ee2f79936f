import type { Plan } from '../contracts/runtime.js'
import type { Commit, Made } from '../protocol/index.js'
import type { Service } from './service.js'

interface Attempted {
  deployment: string
  commit: Commit
  host: string
  /** The service's folder in the commit's tree. */
  directory: string
  made?: Made
}

/** What shall run of a service, before any tap has said anything. */
export function planOf({ name, run, timeout }: Service, { deployment, ...rest }: Attempted): Plan {
  const env = {
    LONGSHORE_SERVICE: name,
    LONGSHORE_COMMIT: rest.commit.sha,
    LONGSHORE_DEPLOYMENT: deployment,
    LONGSHORE_HOST: rest.host,
  }
  return { deployment, service: name, run, env, timeout, ...rest }
}
