import { describe, expect, it } from 'vitest'
import { HttpCheck, TcpCheck } from '../src/kinds.js'
import { addressJudge } from '../src/probes/addresses.js'
import { HttpProbe } from '../src/probes/http.js'
import { Resolver, type Lookup } from '../src/probes/resolver.js'
import { TcpProbe } from '../src/probes/tcp.js'
import { lateAfter, reasonOf, serveHttp, targetOf } from './hosts.js'

const now = () => performance.now()
const secrets = { open: () => Promise.reject(new Error('none')) }

/** Whatever a probe connects to goes through here: names lead where the test says. */
function network(names: Record<string, string[]> = {}, allow: string[] = []) {
  const asked: string[] = []
  const lookup: Lookup = (name) => {
    asked.push(name)
    const addresses = names[name]
    if (!addresses) return Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }))
    return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
  }
  return { asked, resolver: new Resolver(now, lookup), judge: addressJudge(allow), now }
}

const http = (parts: ReturnType<typeof network>) =>
  new HttpProbe({ network: parts, secrets, today: Date.now })
const look = (url: string, parts = network(), more: object = {}) =>
  http(parts).check(targetOf({ ...HttpCheck.parse({ url, ...more }), timeout: 1_000 }), lateAfter(1_000))
const connect = (host: string, parts = network()) =>
  new TcpProbe(parts).check(
    targetOf({ ...TcpCheck.parse({ host, port: 80 }), timeout: 1_000 }),
    lateAfter(1_000),
  )

const refused = /^unhealthy: .*is a link-local or metadata address/
const metadata = [
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '0xA9.0376.43518',
  '169.254.0.1',
  '169.254.255.255',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
]
const metadata6 = [
  'fe80::1',
  'febf::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::169.254.169.254',
  '2002:a9fe:a9fe::1',
  '2002:6464:64c8:1::1',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b:1:a9fe:00a9:fe00::',
  '2001:0:1:2:3:4:5601:5601',
]

describe('an address where a machine is told its secrets', () => {
  it.each(metadata)('is not looked at: %s', async (host) => {
    expect(reasonOf(await look(`http://${host}/latest/meta-data/`))).toMatch(refused)
    expect(reasonOf(await connect(host))).toMatch(refused)
  })

  it.each(metadata6)('is not looked at: %s', async (host) => {
    expect(reasonOf(await look(`http://[${host}]/`))).toMatch(refused)
    expect(reasonOf(await connect(host))).toMatch(refused)
  })

  it('is not looked at with a zone', async () => {
    expect(reasonOf(await connect('fe80::1%lo'))).toMatch(refused)
  })

  it('is not looked at by a name that leads there', async () => {
    const parts = network({ 'meta.example': ['169.254.169.254'], 'six.example': ['::ffff:a9fe:a9fe'] })
    expect(reasonOf(await look('http://meta.example/', parts))).toMatch(refused)
    expect(reasonOf(await look('http://six.example/', parts))).toMatch(refused)
    expect(reasonOf(await connect('meta.example', parts))).toMatch(refused)
  })

  it('is not looked at by a redirect', async () => {
    const { port } = await serveHttp((request, answer) =>
      answer
        .writeHead(302, { location: request.url === '/name' ? 'http://meta.example/' : 'http://0xa9fea9fe/' })
        .end(),
    )
    const parts = network({ 'meta.example': ['169.254.169.254'] })
    for (const path of ['/name', '/address'])
      expect(reasonOf(await look(`http://127.0.0.1:${port}${path}`, parts, { redirects: 1 }))).toMatch(
        refused,
      )
  })

  it('is looked at where it is allowed', () => {
    const judge = addressJudge(['169.254.7.0/24', 'fe80::/10'])
    expect(['169.254.7.1', '::ffff:169.254.7.1', 'fe80::1'].map(judge)).toEqual([true, true, true])
    expect(['169.254.8.1', '169.254.169.254', 'fd00:ec2::254'].map(judge)).toEqual([false, false, false])
  })
})

describe('a name', () => {
  it('is looked up once for a look, and what was judged is what is connected to', async () => {
    const { port } = await serveHttp((_, answer) => answer.end())
    let asked = 0
    // Whoever answers says something harmless first, and something else right after.
    const lookup: Lookup = () =>
      Promise.resolve([{ address: asked++ === 0 ? '127.0.0.1' : '169.254.169.254', family: 4 }])
    const parts = { resolver: new Resolver(now, lookup), judge: addressJudge([]), now }
    const probe = new HttpProbe({ network: parts, secrets, today: Date.now })
    const check = { ...HttpCheck.parse({ url: `http://rebind.example:${port}/` }), timeout: 1_000 }
    expect(await probe.check(targetOf(check), lateAfter(1_000))).toMatchObject({ state: 'healthy' })
    expect(asked).toBe(1)
  })

  it('that leads to several addresses is connected to by those that may be', async () => {
    const { port } = await serveHttp((_, answer) => answer.end())
    const parts = network({ 'both.example': ['fe80::1', '127.0.0.1'] })
    expect(await look(`http://both.example:${port}/`, parts)).toMatchObject({ state: 'healthy' })
  })

  it('of this machine itself needs nobody to be asked', async () => {
    const { port } = await serveHttp((_, answer) => answer.end())
    const parts = network()
    expect(await look(`http://localhost:${port}/`, parts)).toMatchObject({ state: 'healthy' })
    expect(parts.asked).toEqual([])
  })

  it('that is not known is ill; one that nobody can be asked about says nothing', async () => {
    expect(reasonOf(await look('http://nobody.example/'))).toBe(
      'unhealthy: the name nobody.example is not known',
    )
    const lookup: Lookup = () => Promise.reject(Object.assign(new Error('again'), { code: 'EAI_AGAIN' }))
    const parts = { ...network(), resolver: new Resolver(now, lookup) }
    expect(reasonOf(await look('http://nobody.example/', parts))).toBe(
      'unknown: the name nobody.example cannot be looked up: EAI_AGAIN',
    )
  })

  it('that was known is looked at by its old address while the name server hangs; others are not held up', async () => {
    let time = 0
    let hangs = false
    const lookup: Lookup = () =>
      hangs ? new Promise(() => undefined) : Promise.resolve([{ address: '127.0.0.1', family: 4 }])
    const resolver = new Resolver(() => time, lookup)
    const signal = new AbortController().signal
    await Promise.all(['a', 'b', 'c'].map((name) => resolver.resolve(name, signal)))
    hangs = true
    time = 60_000
    const found = await Promise.all(['a', 'b', 'c'].map((name) => resolver.resolve(name, signal)))
    expect(found).toEqual(Array(3).fill([{ address: '127.0.0.1', family: 4 }]))
    await expect(resolver.resolve('new', lateAfter(50))).rejects.toMatchObject({ name: 'TimeoutError' })
    time = 3_600_000
    await expect(resolver.resolve('a', lateAfter(50))).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

describe('the config', () => {
  it.each(['file:///etc/passwd', 'gopher://127.0.0.1/', 'ftp://a/', '//a/b', 'http://user:word@a/', ''])(
    'takes no address %s',
    (url) => expect(HttpCheck.safeParse({ url }).success).toBe(false),
  )
})
