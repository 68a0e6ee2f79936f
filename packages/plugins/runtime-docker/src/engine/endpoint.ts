import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { InputError } from '@longshore/core'
import { z } from 'zod'

/** Where an engine listens. */
export interface Endpoint {
  /** As DOCKER_HOST says it. */
  host: string
  /** What decided. */
  from: string
  socketPath?: string
  tcp?: { host: string; port: number; tls?: { ca: Buffer; cert: Buffer; key: Buffer } }
}

const ClientConfig = z.object({ currentContext: z.string().optional() })
const Context = z.object({
  Endpoints: z.object({ docker: z.object({ Host: z.string() }) }),
})

/**
 * The engine that the config names, else the one that the `docker` command would use: DOCKER_HOST, the current context,
 * the socket of a rootless engine, /var/run/docker.sock.
 */
export function findEndpoint(configured: string | undefined, env: NodeJS.ProcessEnv): Endpoint {
  if (configured) return parse(configured, 'docker.host in the config', env['DOCKER_CERT_PATH'])
  if (env['DOCKER_HOST']) return parse(env['DOCKER_HOST'], 'DOCKER_HOST', env['DOCKER_CERT_PATH'])
  const context = currentContext(env)
  if (context) return context
  const rootless = env['XDG_RUNTIME_DIR'] && join(env['XDG_RUNTIME_DIR'], 'docker.sock')
  const socket = rootless && existsSync(rootless) ? rootless : '/var/run/docker.sock'
  return parse(`unix://${socket}`, 'the default', undefined)
}

function currentContext(env: NodeJS.ProcessEnv): Endpoint | undefined {
  const folder = env['DOCKER_CONFIG'] ?? join(homedir(), '.docker')
  const name = env['DOCKER_CONTEXT'] || read(join(folder, 'config.json'), ClientConfig)?.currentContext
  if (!name || name === 'default') return undefined
  const id = createHash('sha256').update(name).digest('hex')
  const context = read(join(folder, 'contexts', 'meta', id, 'meta.json'), Context)
  if (!context) {
    throw new InputError('DOCKER_CONTEXT', `the Docker context ${name} cannot be read`, {
      hint: 'Look at it: docker context inspect. Or name the engine by docker.host in the config.',
    })
  }
  return parse(
    context.Endpoints.docker.Host,
    `the context ${name}`,
    join(folder, 'contexts', 'tls', id, 'docker'),
  )
}

function parse(host: string, from: string, certificates: string | undefined): Endpoint {
  if (host.startsWith('unix:///')) return { host, from, socketPath: host.slice('unix://'.length) }
  const url =
    /^(tcp|https):\/\//.test(host) && URL.canParse(host) ? new URL(host.replace(/^tcp/, 'http')) : undefined
  if (!url?.hostname) {
    throw new InputError('DOCKER_HOST', `${host}, from ${from}, is no address of an engine`, {
      hint: 'Write unix:///path/to/docker.sock or tcp://host:2376.',
    })
  }
  const tls = certificates && existsSync(join(certificates, 'cert.pem')) ? keys(certificates) : undefined
  if (!tls && !isLoopback(url.hostname)) {
    throw new InputError(
      'DOCKER_INSECURE',
      `the engine at ${host} is beyond this machine and no TLS keys are there`,
      {
        hint: 'Whoever reaches an open engine is root there: set DOCKER_CERT_PATH to a folder with ca.pem, cert.pem and key.pem.',
      },
    )
  }
  return { host, from, tcp: { host: url.hostname, port: Number(url.port || (tls ? 2376 : 2375)), tls } }
}

function keys(folder: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name)))
  return { ca: ca!, cert: cert!, key: key! }
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)
}

function read<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
