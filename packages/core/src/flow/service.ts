import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Source } from '../contracts/git-provider.js'
import type { LongshoreConfig, ServiceConfig } from '../protocol/index.js'

/** A service of the config, resolved for this host: what the flow works from. */
export interface Service {
  name: string
  source: Source
  /** The service's folder in the tree. */
  path: string
  /** Globs of what belongs to it; empty: everything. */
  include: string[]
  run: ServiceConfig['run']
  policy: ServiceConfig['policy']
  /** Milliseconds that an apply may take. */
  timeout: number
  /** Changes when what is declared changes in a way that asks for a deployment. */
  digest: string
}

/** The services that the config places on this host. */
export function servicesOf(config: LongshoreConfig): Map<string, Service> {
  const here = Object.entries(config.services).filter(
    ([, { hosts }]) => !hosts || hosts.includes(config.host),
  )
  return new Map(here.map(([name, service]) => [name, resolve(name, service, config)]))
}

function resolve(
  name: string,
  { source, run, policy }: ServiceConfig,
  { defaults, credentials }: LongshoreConfig,
): Service {
  const { url, ref, path = '', insecure } = source
  return {
    name,
    source: {
      url,
      ref,
      poll: source.poll ?? defaults.poll,
      credential: source.credential === undefined ? undefined : credentials[source.credential],
      insecure,
    },
    path,
    include: source.include ?? (path === '' ? [] : [join(path, '**')]),
    run,
    policy,
    timeout: run.timeout ?? defaults.run.timeout,
    digest: createHash('sha256')
      .update(JSON.stringify([url, ref, path, run]))
      .digest('hex')
      .slice(0, 16),
  }
}
