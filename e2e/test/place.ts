import { createServer } from 'node:net'
import { once } from 'node:events'
import { GitServer, type GitRepository } from '@longshore/core/testkit'
import { onTestFinished } from 'vitest'
import { Longshore } from './longshore.mjs'

/** A git server with one repository, gone when the test ends. */
export async function gitPlace(
  name = 'app',
): Promise<{ git: GitServer; repository: GitRepository; url: string }> {
  const git = await GitServer.start()
  onTestFinished(() => git.close())
  return { git, repository: await git.repository(name), url: git.url(name) }
}

/** A Longshore that is not started yet; whatever the test does, nothing of it stays. */
export async function longshoreAt(options: Parameters<typeof Longshore.at>[0]): Promise<Longshore> {
  const longshore = await Longshore.at(options)
  onTestFinished(() => longshore.close())
  return longshore
}

/** A port of loopback that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** The tree of a service that answers its version over HTTP on `$PORT`. */
export function webApp(version: string): Record<string, string> {
  const server = [
    "import { createServer } from 'node:http'",
    `createServer((_, response) => response.end(${JSON.stringify(version)}))`,
    "  .listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'))",
  ]
  return { 'server.mjs': server.join('\n') }
}

/** The declaration of a `webApp`. */
export function webService(url: string, port: number, source: object = {}): object {
  return {
    source: { url, ref: 'main', poll: '500ms', ...source },
    run: { kind: 'command', up: ['node', 'server.mjs'], keepAlive: true, env: { PORT: String(port) } },
  }
}

/** What answers on the port; undefined when nobody does. */
export async function answer(port: number, path = '/'): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) })
    return await response.text()
  } catch {
    return undefined
  }
}
