import { join } from 'node:path'
import type { Target } from '@longshore/client/node'
import { UsageError } from '../errors.js'

/** The target that the environment names, else the socket of the data folder. */
export async function targetOf(env: NodeJS.ProcessEnv, dataFolder: () => Promise<string>): Promise<Target> {
  const address = env['LONGSHORE_URL']
  if (!address) return { socket: join(await dataFolder(), 'longshore.sock') }
  const url = URL.canParse(address) ? new URL(address) : undefined
  const token = env['LONGSHORE_TOKEN'] || undefined
  if (url?.protocol === 'http:' && token !== undefined && !isLoopback(url.hostname))
    throw new UsageError('URL_PLAIN', `anybody on the way to ${url.origin} could read the token`, {
      hint: 'Use the https address.',
    })
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return { url, token }
  throw new UsageError('URL_INVALID', `LONGSHORE_URL is ${address}, which is no http or https address`, {
    hint: 'Write it like http://127.0.0.1:7420.',
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
