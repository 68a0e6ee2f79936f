import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ContainerRun } from '../src/config.js'
import { checkPolicy } from '../src/policy.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-policy-'))
  await mkdir(join(folder, 'allowed'))
})
afterEach(() => rm(folder, { recursive: true }))

/** The rule that refuses it, if any. */
function rule(run: object, hostPaths = [join(folder, 'allowed')]): string | undefined {
  const socket = join(folder, 'engine', 'docker.sock')
  try {
    checkPolicy(ContainerRun.parse(run), { hostPaths, socket, data: join(folder, 'data') })
    return undefined
  } catch (error) {
    return (error as { data: { rule: string } }).data.rule
  }
}
const volume = (path: string, hostPaths?: string[]) => rule({ volumes: [`${path}:/mnt`] }, hostPaths)

it('a folder that is named, and what lies in it; nothing else', async () => {
  expect(volume(join(folder, 'allowed', 'below'))).toBeUndefined()
  expect(volume('named')).toBeUndefined()
  expect(volume(join(folder, 'other'))).toBe('host-path')
  expect(volume(`${join(folder, 'allowed')}-not`)).toBe('host-path')
  expect(volume(join(folder, 'allowed', '..', 'other'))).toBe('host-path')
  await symlink(join(folder, 'other'), join(folder, 'allowed', 'link'))
  await symlink('/etc', join(folder, 'allowed', 'etc'))
  expect(volume(join(folder, 'allowed', 'link'))).toBe('host-path')
  expect(volume(join(folder, 'allowed', 'etc', 'ssh'))).toBe('system-path')
})

it('whatever is or holds the socket of an engine, also where everything is named', () => {
  for (const path of [
    '/',
    '/run',
    '/var/run',
    '/var/run/docker.sock',
    '/run/containerd',
    join(folder, 'engine'),
    folder,
  ])
    expect(volume(path, ['/']), path).toBe('docker-socket')
})

it('folders of the system and of Longshore, unless just those are named', () => {
  for (const path of [
    '/etc',
    '/etc/ssh',
    '/proc/1',
    '/sys',
    '/dev',
    '/boot',
    '/usr/bin',
    '/root/.ssh',
    join(folder, 'data', 'x'),
  ])
    expect(volume(path, ['/']), path).toBe('system-path')
  expect(volume('/etc/app', ['/etc/app'])).toBeUndefined()
  expect(volume('/etc/other', ['/etc/app'])).toBe('system-path')
})

it('namespaces of the host or of others, and capabilities; each rule is lifted by its own name only', () => {
  for (const network of ['host', 'none', 'container:other'])
    expect(rule({ networks: [network] })).toBe('host-namespace')
  expect(rule({ networks: ['backend'] })).toBeUndefined()
  expect(rule({ capAdd: ['NET_ADMIN'] })).toBe('capabilities')
  expect(rule({ capAdd: ['NET_ADMIN'], allow: ['host-path'] })).toBe('capabilities')
  expect(
    rule({ capAdd: ['NET_ADMIN'], networks: ['host'], allow: ['capabilities', 'host-namespace'] }),
  ).toBeUndefined()
  expect(rule({ volumes: ['/run/docker.sock:/s'], allow: ['docker-socket'] })).toBeUndefined()
})
