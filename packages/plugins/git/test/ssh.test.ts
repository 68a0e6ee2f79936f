import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Sighting, Source } from '@longshore/core'
import { GitServer, needs, type GitRepository } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, makeRig, sourceOf, until, type Rig } from './rig.js'

const { signal } = new AbortController()

describe('over SSH', needs('sshd'), () => {
  let folder: string
  let sshd: ChildProcess
  let port: number
  let repositories: GitServer
  let repository: GitRepository
  let rig: Rig
  const hostKey = async () =>
    (await readFile(join(folder, 'host.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-sshd-'))
    for (const name of ['host', 'other', 'user', 'stranger'])
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
    port = await freePort()
    await writeFile(
      join(folder, 'config'),
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${join(folder, 'host')}`,
        `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
        `PidFile ${join(folder, 'pid')}`,
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'PermitRootLogin prohibit-password',
      ].join('\n'),
    )
    await mkdir('/run/sshd', { recursive: true }).catch(() => undefined)
    sshd = spawn('/usr/sbin/sshd', ['-f', join(folder, 'config'), '-D', '-e'], { stdio: 'ignore' })
    await eventually('sshd', () => reachable(port))
    repositories = await GitServer.start({ root: join(folder, 'repositories') })
    repository = await repositories.repository('app')
    const [user, stranger] = await Promise.all(
      ['user', 'stranger'].map((name) => readFile(join(folder, name), 'utf8')),
    )
    rig = await makeRig({ secrets: { 'env:KEY': user!, 'env:STRANGER': stranger! } })
  })
  afterAll(async () => {
    await rig.close()
    await repositories.close()
    sshd.kill()
    await once(sshd, 'close')
    await rm(folder, { recursive: true, force: true })
  })

  async function source(known: string, key = 'env:KEY') {
    const knownHosts = join(folder, `known-${Math.random().toString(36).slice(2)}`)
    await writeFile(knownHosts, known)
    const url = `ssh://${userInfo().username}@127.0.0.1:${port}${repository.folder}`
    return sourceOf(url, 'main', { credential: { kind: 'ssh', key: { secret: key }, knownHosts } })
  }
  async function watchUntil(from: Source, fits: (seen: Sighting) => boolean): Promise<Sighting[]> {
    const ending = new AbortController()
    return until(rig.provider.watch(from, ending.signal), fits).finally(() => ending.abort())
  }
  const place = () => `[127.0.0.1]:${port}`

  it('follows, fetches and writes out with a key and a known host', async () => {
    const sha = await repository.commit('main', { a: 'by ssh' })
    const from = await source(`${place()} ${await hostKey()}\n`)
    await watchUntil(from, (seen) => seen.kind === 'head' && seen.sha === sha)
    await mkdir(rig.place('out'))
    await rig.provider.checkout(from, sha, rig.place('out'), signal)
    expect(await readFile(join(rig.place('out'), 'a'), 'utf8')).toBe('by ssh')
    expect((await rig.provider.history(from, sha, 10, signal)).commits[0]?.sha).toBe(sha)
    await eventually('no key left', async () => {
      const shelf = await readdir('/dev/shm').catch(() => [])
      return !shelf.some((name) => name.startsWith(`longshore-ssh-${process.pid}-`))
    })
  })

  it('refuses a host that is not known, with the fingerprint that came', async () => {
    const sha = await repository.commit('main', { a: '2' })
    const refused = rig.provider.fetch(await source('# nobody\n'), sha, signal)
    const came = await fingerprint(join(folder, 'host.pub'))
    await expect(refused).rejects.toMatchObject({
      code: 'GIT_HOST_KEY',
      message: expect.stringContaining(`${came}, none is known`),
    })
  })

  it('refuses a host whose key has changed, with both fingerprints', async () => {
    const sha = await repository.commit('main', { a: '3' })
    const other = (await readFile(join(folder, 'other.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')
    const from = await source(`${place()} ${other}\n`)
    const [came, known] = await Promise.all(
      ['host', 'other'].map((name) => fingerprint(join(folder, `${name}.pub`))),
    )
    await expect(rig.provider.fetch(from, sha, signal)).rejects.toMatchObject({
      code: 'GIT_HOST_KEY',
      data: { came, known: [known] },
    })
    const [seen] = await watchUntil(from, (each) => each.kind === 'unreachable')
    expect(seen).toMatchObject({ code: 'GIT_HOST_KEY', reason: expect.stringContaining(known!) })
  })

  it('finds the host in a hashed file too', async () => {
    const sha = await repository.commit('main', { a: '4' })
    const file = join(folder, 'hashed')
    await writeFile(file, `${place()} ${await hostKey()}\n`)
    await run('ssh-keygen', ['-q', '-H', '-f', file])
    const hashed = await readFile(file, 'utf8')
    expect((await rig.provider.fetch(await source(hashed), sha, signal)).sha).toBe(sha)
    const other = (await readFile(join(folder, 'other.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')
    await writeFile(file, `${place()} ${other}\n`)
    await run('ssh-keygen', ['-q', '-H', '-f', file])
    const next = await repository.commit('main', { a: '5' })
    await expect(
      rig.provider.fetch(await source(await readFile(file, 'utf8')), next, signal),
    ).rejects.toMatchObject({
      code: 'GIT_HOST_KEY',
      data: { known: [await fingerprint(join(folder, 'other.pub'))] },
    })
  })

  it('tells a key that the server does not take, and a known hosts file that is not there', async () => {
    const sha = await repository.commit('main', { a: '6' })
    const stranger = await source(`${place()} ${await hostKey()}\n`, 'env:STRANGER')
    await expect(rig.provider.fetch(stranger, sha, signal)).rejects.toMatchObject({ code: 'GIT_AUTH' })
    const credential = {
      kind: 'ssh',
      key: { secret: 'env:KEY' },
      knownHosts: join(folder, 'nowhere'),
    } as const
    await expect(rig.provider.fetch({ ...stranger, credential }, sha, signal)).rejects.toMatchObject({
      code: 'GIT_KNOWN_HOSTS',
    })
  })
})

async function run(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(child, 'close')
  return text
}

async function fingerprint(file: string): Promise<string> {
  return (await run('ssh-keygen', ['-l', '-f', file])).split(' ')[1]!
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function reachable(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const [answer] = (await Promise.race([
    once(socket, 'data'),
    once(socket, 'close').then(() => [undefined]),
    once(socket, 'error').then(() => [undefined]),
  ]).catch(() => [undefined])) as [Buffer | undefined]
  socket.destroy()
  return answer?.toString().startsWith('SSH-') ?? false
}
