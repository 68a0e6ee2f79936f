import { join } from 'node:path'
import type { Target } from '@longshore/client/node'
import { UsageError } from '../errors.js'
import { readLogin } from './login.js'

/** The target that the environment names, else that of `longshore login`, else the socket of the data folder. */
export async function targetOf(env: NodeJS.ProcessEnv, dataFolder: () => Promise<string>): Promise<Target> {
  const address = env['LONGSHORE_URL']
  const token = env['LONGSHORE_TOKEN'] || undefined
  if (address) return { url: addressOf(address, 'LONGSHORE_URL', token), token }
  const login = readLogin(env)
  if (login) return { url: addressOf(login.url, 'the address', login.token), token: login.token }
  return { socket: join(await dataFolder(), 'longshore.sock') }
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
