import { connect } from 'node:net'
import type { CheckTarget, HealthProbe, Verdict } from '@longshore/core'
import type { TcpCheck } from '../kinds.js'
import {
  connectionFault,
  destination,
  Ill,
  spell,
  verdictOf,
  type Destination,
  type Network,
} from './network.js'

/** Bytes of what is answered that are looked into. */
const answerMost = 65_536

type Check = TcpCheck & { timeout: number }

/** Connects, and with `send` and `expect` talks. */
export class TcpProbe implements HealthProbe<Check> {
  readonly #network: Network

  constructor(network: Network) {
    this.#network = network
  }

  check({ check }: CheckTarget<Check>, signal: AbortSignal): Promise<Verdict> {
    return verdictOf(check.timeout, signal, async () => {
      const began = this.#network.now()
      // Written as 0xa9fea9fe or 2852039166, an address is one all the same.
      const url = `http://${check.host}`
      const host = !check.host.includes(':') && URL.canParse(url) ? new URL(url).hostname : check.host
      await talk(await destination(host, this.#network, signal), check, signal)
      return { state: 'healthy', say: `answers in ${spell(this.#network.now() - began)}` }
    })
  }
}

function talk(
  { host, lookup }: Destination,
  { port, send, expect }: Check,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const socket = connect({ host, port, lookup, noDelay: true })
    const end = (error?: Error) => {
      signal.removeEventListener('abort', abort)
      socket.destroy()
      if (error === undefined) resolve()
      else reject(error)
    }
    const abort = () => end(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', (error) => end(connectionFault(error)))
    socket.on('connect', () => {
      const sent = () => (expect === undefined ? end() : undefined)
      if (send === undefined) sent()
      else socket.write(send, sent)
    })
    if (expect === undefined) return
    let answer = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (answer.includes(expect)) end()
      else if (answer.length > answerMost)
        end(new Ill(`the text that is expected is not in the first ${answerMost} bytes that it sent`))
    })
    socket.on('close', () =>
      end(new Ill('it closed the connection before it sent the text that is expected')),
    )
  })
}
