import type { CheckConfig } from '@longshore/core/protocol'
import type { CommandCheck, ContainerCheck, HttpCheck, LogCheck, TcpCheck } from '../kinds.js'
import { spell } from '../probes/network.js'

const words: Record<string, (check: any) => string> = {
  // What stands behind the question mark is often meant for one alone.
  http: ({ method, url }: HttpCheck) => `${method} ${url.replace(/\?.*/, '?…').replace(/#.*/, '')}`,
  tcp: ({ host, port }: TcpCheck) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
  container: ({ for: span }: ContainerCheck) =>
    span === undefined ? 'it runs' : `it runs for ${spell(span)}`,
  log: ({ expect, refuse }: LogCheck) =>
    [expect && `prints ${expect}`, refuse && `never prints ${refuse}`].filter(Boolean).join(', '),
  command: ({ argv, in: place }: CommandCheck) =>
    `${argv.join(' ')}${place === 'instance' ? ' in an instance' : ''}`,
}

/** What a check looks at, in words without a secret. */
export function targetWords(check: CheckConfig): string {
  return (words[check.kind]?.(check) ?? check.kind).slice(0, 300)
}
