import { createHash } from 'node:crypto'
import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import { InputError, type Logger } from '@longshore/core'

/** Where the certificate (with its chain) and the key lie, in PEM. */
export interface TlsFiles {
  cert: string
  key: string
}

/** Milliseconds for which the files have to be left alone: whoever renews a certificate writes two. */
const settleTime = 500

/** Milliseconds for a handshake, and connections that may be in one: they are counted apart once they can ask. */
const handshakeTimeout = 5_000
const maxConnections = 2_000

/** What the two files hold, when they belong together. Errors: WEB_TLS_FILES. */
async function read({ cert, key }: TlsFiles): Promise<{ cert: Buffer; key: Buffer }> {
  try {
    const pair = { cert: await readFile(cert), key: await readFile(key) }
    createSecureContext(pair)
    return pair
  } catch (cause) {
    throw new InputError(
      'WEB_TLS_FILES',
      `${cert} and ${key} are no certificate and its key: ${(cause as Error).message}`,
      {
        cause,
        hint: 'Name a PEM file with the certificate and its chain, and one with its key, that Longshore may read.',
      },
    )
  }
}

/** A server over TLS that takes up new files when they change; while those are bad, it keeps the last good ones. */
export async function serveTls(
  files: TlsFiles,
  options: Parameters<typeof createServer>[0],
  log: Logger,
): Promise<{ server: Server; close(): void }> {
  const pair = await read(files)
  const server = createServer({ minVersion: 'TLSv1.2', handshakeTimeout, ...options, ...pair })
  server.maxConnections = maxConnections
  let used = fingerprint(pair)
  let timer: NodeJS.Timeout | undefined
  const renew = async () => {
    try {
      const next = await read(files)
      if (fingerprint(next) === used) return
      server.setSecureContext({ minVersion: 'TLSv1.2', ...next })
      used = fingerprint(next)
      log.info({ cert: files.cert }, 'the new certificate is used')
    } catch (error) {
      log.error({ error }, 'the new certificate is refused; the last good one stays')
    }
  }
  // The folders, not the files: certificates are renewed by a rename, or by a link to another folder.
  const watchers = [...new Set([dirname(files.cert), dirname(files.key)])].map((folder) =>
    watch(folder, { persistent: false }, () => {
      clearTimeout(timer)
      timer = setTimeout(() => void renew(), settleTime)
    }).on('error', (error) => log.error({ error }, 'the certificate is not watched any more')),
  )
  const close = () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
  return { server, close }
}

function fingerprint({ cert, key }: { cert: Buffer; key: Buffer }): string {
  return createHash('sha256').update(cert).update(key).digest('hex')
}
