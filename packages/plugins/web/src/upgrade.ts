import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { newId, type Clock, type Knock, type Logger } from '@longshore/core'
import type { Connections } from './connections.js'
import type { Door } from './knock.js'
import { isLive, type LiveDoor } from './live/door.js'
import { translate } from './problem.js'
import { rawProblem } from './raw.js'
import { checkWay } from './site.js'

/** Milliseconds that a refused client has to read why. */
const readTime = 1_000

interface UpgradeParts {
  door: Door
  url: URL | undefined
  knock: (request: IncomingMessage) => Knock
  connections: Connections
  live: LiveDoor
  clock: Clock
  log: Logger
}

/** Takes the upgrades that the sockets take, under the rules of every request; others are answered without one. */
export function acceptUpgrades(server: Server, parts: UpgradeParts): void {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Behind an answer that is still under way there is nobody who could know what belongs to what.
    if (parts.connections.busy(socket)) return socket.destroy()
    if (!isLive(request.url)) return answerPlainly(server, request, socket, head)
    void takeOver(request, socket, head, parts)
  })
}

async function takeOver(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  { door, url, knock, connections, live, clock, log }: UpgradeParts,
): Promise<void> {
  connections.release(socket)
  socket.on('error', () => socket.destroy())
  const requestId = newId(clock.now())
  const facts = { requestId, from: knock(request).from ?? door }
  try {
    if (door === 'tcp') checkWay(request, knock(request), url)
    await live.upgrade(request, socket, head)
    log.debug(facts, 'a websocket was asked for')
  } catch (thrown) {
    const error = translate(thrown)
    log.debug({ ...facts, error }, 'a websocket was refused')
    socket.resume().end(rawProblem(error, requestId))
    setTimeout(() => socket.destroy(), readTime).unref()
  }
}

/**
 * Hands a request back to the server as one that asks for no other protocol, which is how it is answered: some clients
 * offer HTTP/2 with everything that they send.
 */
function answerPlainly(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name, value] = [rawHeaders[index]!, rawHeaders[index + 1]!]
    if (/^(?:upgrade|http2-settings)$/i.test(name)) continue
    lines.push(`${name}: ${/^connection$/i.test(name) ? withoutUpgrade(value) : value}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim())
  return options.filter((option) => !/^(?:upgrade|http2-settings)$/i.test(option)).join(', ') || 'keep-alive'
}
