import { healthProbeLaws } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { HttpCheck, TcpCheck } from '../src/kinds.js'
import { addressJudge } from '../src/probes/addresses.js'
import { HttpProbe } from '../src/probes/http.js'
import { Resolver } from '../src/probes/resolver.js'
import { TcpProbe } from '../src/probes/tcp.js'
import { serveHttp, serveTcp, targetOf, type Host } from './hosts.js'

const now = () => performance.now()
const network = { resolver: new Resolver(now), judge: addressJudge([]), now }
const secrets = { open: () => Promise.reject(new Error('none')) }

const openAt = (hosts: Host[]) => async () => {
  const counts = await Promise.all(hosts.map(({ connections }) => connections()))
  return counts.reduce((sum, count) => sum + count, 0)
}
/** What listens is closed after each test. */
const close = async () => undefined

describe('the HTTP probe', () => {
  const make = async () => {
    const hosts = [
      await serveHttp((_, answer) => answer.end('fine')),
      await serveHttp((_, answer) => answer.writeHead(503).end()),
      await serveTcp(() => undefined),
    ]
    const target = ({ port }: Host) => targetOf(HttpCheck.parse({ url: `http://127.0.0.1:${port}/` }))
    const [well, ill, hangs] = hosts.map(target)
    const probe = new HttpProbe({ network, secrets, today: Date.now })
    return { probe, well: well!, ill: ill!, hangs: hangs!, open: openAt(hosts), close }
  }
  for (const law of healthProbeLaws(make)) it(law.name, law.run)
})

describe('the TCP probe', () => {
  const make = async () => {
    const hosts = [
      await serveTcp((socket) => socket.write('+PONG')),
      await serveTcp((socket) => socket.end('-ERR')),
      await serveTcp(() => undefined),
    ]
    const target = ({ port }: Host) => targetOf(TcpCheck.parse({ host: '127.0.0.1', port, expect: '+PONG' }))
    const [well, ill, hangs] = hosts.map(target)
    return { probe: new TcpProbe(network), well: well!, ill: ill!, hangs: hangs!, open: openAt(hosts), close }
  }
  for (const law of healthProbeLaws(make)) it(law.name, law.run)
})
