import { join } from 'node:path'
import type { Target } from '@longshore/client/node'
import { dataFolder, type Surroundings } from '../config/load.js'
import { UsageError } from '../errors.js'
import { readLogin } from './login.js'

/**
 * The target that the environment names, else that of `longshore login`, else the socket of the data folder. Who names a
 * config means the Longshore of this machine that has it, wherever they are logged in.
 */
export async function targetOf(where: Surroundings): Promise<Target> {
  const { env, config } = where
  const address = env['LONGSHORE_URL']
  const token = env['LONGSHORE_TOKEN'] || undefined
  if (address) return { url: addressOf(address, 'LONGSHORE_URL', token), token }
  const login = config === undefined ? readLogin(env) : undefined
  if (login) return { url: addressOf(login.url, 'the address', login.token), token: login.token }
  return { socket: join(await dataFolder(where), 'longshore.sock') }
}

/** An address of the API. Errors: URL_INVALID; URL_PLAIN, when a secret would cross a network in the clear. */
export function addressOf(text: string, what: string, secret: string | undefined): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && secret !== undefined && !isLoopback(url.hostname))
    throw new UsageError('URL_PLAIN', `anybody on the way to ${url.origin} could read the secret`, {
      hint: 'Use the https address.',
    })
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new UsageError('URL_INVALID', `${what} is ${text}, which is no http or https address`, {
    hint: 'Write it like http://127.0.0.1:7420.',
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
