import { lookup } from 'node:dns/promises'
import { chmod, lstat, rename, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect, isIP } from 'node:net'
import { join } from 'node:path'
import { InputError, RefusedError, UnavailableError, within } from '@longshore/core'
import type { WebConfig } from './config.js'

/** Milliseconds that a look at another process's socket, or at a name, may take. */
const lookTime = 5_000

/** How to mend what a config lacks before others than this machine may reach the API; undefined when nothing does. */
export function lackingIn({ tls, trustProxy, url }: WebConfig): string | undefined {
  if (!tls && trustProxy.length === 0)
    return 'Set web.tls, or name the proxy that speaks TLS in web.trustProxy; or set web.listen to 127.0.0.1:7420 and use ssh -L from elsewhere.'
  return url ? undefined : 'Set web.url to the address that people type.'
}

/** Listens on an address that was looked at, and answers the port. */
export async function listenTcp(
  server: Server,
  { host, address }: { host: string; address: string },
  port: number,
): Promise<number> {
  await listening(server, () => server.listen({ host: address, port, exclusive: true })).catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EADDRINUSE') {
        throw new UnavailableError('WEB_PORT_IN_USE', `${host}:${port} is in use by another program`, {
          cause,
          hint: 'Stop that program (or the other Longshore), or choose another port by web.listen or LONGSHORE_LISTEN.',
        })
      }
      throw failed(`${host}:${port}`, cause)
    },
  )
  const bound = server.address()
  return typeof bound === 'object' && bound ? bound.port : port
}

/**
 * The address to bind: the one that was looked at, so that a name cannot mean another one a moment later. Where others
 * reach it, what lacks for that is asked: a reason why it is refused.
 */
export async function addressOf(host: string, lacking: () => string | undefined): Promise<string> {
  const found = await within(lookTime, `looking ${host} up`, () => lookup(host, { all: true })).catch(
    (cause: unknown) => {
      throw failed(host, cause)
    },
  )
  const open = found.find(({ address }) => !isLoopback(address))
  const hint = open && lacking()
  if (hint !== undefined) {
    const reason = `${host} is ${open!.address}, which others can reach`
    throw new RefusedError('WEB_LISTEN_PUBLIC', reason, { hint })
  }
  return (found.find(({ family }) => family === 4) ?? found[0]!).address
}

/** Plain loopback only: an IPv4 address in IPv6 clothes is none. */
export function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('127.')
  return new URL(`http://[${address.split('%')[0]}]`).hostname === '[::1]'
}

/**
 * Listens on `<data>/longshore.sock`, which only this account can open from its first moment on: it is made in a folder
 * of its own and moved. Whatever a killed run left there is replaced; a socket that answers is refused.
 */
export async function listenSocket(
  server: Server,
  folder: string,
  path: string,
): Promise<() => Promise<void>> {
  const first = join(folder, 'socket')
  if (Buffer.byteLength(first) > 100 || Buffer.byteLength(path) > 100) {
    throw new InputError('WEB_SOCKET_PATH', `the path ${path} is too long for a socket`, {
      hint: 'Choose a shorter data folder: at most about 85 characters.',
    })
  }
  await refuseTaken(path)
  await rm(first, { force: true })
  await listening(server, () => server.listen(first)).catch((cause: unknown) => {
    throw failed(path, cause)
  })
  await chmod(first, 0o600)
  const { ino } = await lstat(first)
  await rename(first, path)
  return async () => {
    const found = await lstat(path).catch(() => undefined)
    if (found?.ino === ino) await rm(path, { force: true })
  }
}

async function refuseTaken(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (!found) return
  if (found.isSocket() && !(await answers(path))) return
  throw new RefusedError(
    'WEB_SOCKET_TAKEN',
    `${path} is ${found.isSocket() ? 'in use' : 'there, but is no socket'}`,
    {
      hint: 'Another Longshore runs on this data folder: stop it, or give this one a data folder of its own.',
    },
  )
}

/** Whether some process still listens there. Only a clear no counts as one. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.setTimeout(lookTime, () => settle(true))
    probe.on('connect', () => settle(true))
    probe.on('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    )
    const settle = (answer: boolean) => {
      probe.destroy()
      resolve(answer)
    }
  })
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    listen()
  })
}

function failed(where: string, cause: unknown): UnavailableError {
  return new UnavailableError('WEB_LISTEN_FAILED', `cannot listen on ${where}: ${(cause as Error).message}`, {
    cause,
    hint: 'Set web.listen to an address of this machine and a port that this account may open.',
  })
}
