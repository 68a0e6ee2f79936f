import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cgroupsNamed, cgroupsOf, readCgroups } from '../../src/usage/cgroup.js'
import { readNetwork, readProcesses, sharesNetwork } from '../../src/usage/processes.js'

let root: string
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'longshore-usage-'))))
afterEach(() => rm(root, { recursive: true }))

async function files(all: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
}

const mounted = (type: string, point: string, options: string, top = '/') =>
  `30 23 0:26 ${top} ${point} rw,nosuid - ${type} cgroup rw,${options}\n`
const id = 'f'.repeat(64)

describe('with cgroups of version 2', () => {
  const scope = `/sys/fs/cgroup/system.slice/docker-${id}.scope`
  const tree = {
    '/proc/self/mountinfo': mounted('cgroup2', '/sys/fs/cgroup', 'nsdelegate'),
    '/proc/7/cgroup': `0::/system.slice/docker-${id}.scope/init.scope\n`,
    [`${scope}/cpu.stat`]: 'usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n',
    [`${scope}/memory.current`]: '10000000\n',
    [`${scope}/memory.stat`]: 'anon 4\nactive_file 1\ninactive_file 4000000\n',
    [`${scope}/memory.max`]: '268435456\n',
    [`${scope}/io.stat`]: '8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=2\n',
    [`${scope}/pids.current`]: '3\n',
  }

  it('reads what a container uses, also when its process is further below', async () => {
    await files(tree)
    const folders = cgroupsNamed(id, 7, root)
    expect(readCgroups(folders)).toEqual({
      cpu: 2500,
      memory: 6_000_000,
      memoryLimit: 268_435_456,
      blockRead: 11,
      blockWritten: 22,
      pids: 3,
    })
    expect(cgroupsNamed('e'.repeat(64), 7, root).size).toBe(0)
  })

  it('tells no limit where there is none, nothing of controllers that are not there, and never less than nothing', async () => {
    await files({ ...tree, [`${scope}/memory.max`]: 'max\n', [`${scope}/memory.current`]: '5\n' })
    const reading = readCgroups(cgroupsNamed(id, 7, root))
    expect(reading).not.toHaveProperty('memoryLimit')
    expect(reading.memory).toBe(0)
    await rm(join(root, scope, 'memory.current'))
    await rm(join(root, scope, 'io.stat'))
    await rm(join(root, scope, 'pids.current'))
    expect(readCgroups(cgroupsNamed(id, 7, root))).toEqual({ cpu: 2500 })
    await rm(join(root, scope), { recursive: true })
    expect(readCgroups(cgroupsNamed(id, 7, root))).toEqual({})
  })

  it('finds only what lies in its own cgroup namespace and its own mount', async () => {
    const at = async (top: string, path: string) => {
      await files({
        '/proc/self/mountinfo': mounted('cgroup2', '/sys/fs/c\\040g', 'x', top),
        '/proc/7/cgroup': `0::${path}\n`,
      })
      return cgroupsOf(7, root).get('unified')
    }
    expect(await at('/', '/a')).toBe(join(root, '/sys/fs/c g/a'))
    expect(await at('/a', '/a/b')).toBe(join(root, '/sys/fs/c g/b'))
    expect(await at('/a', '/ab')).toBeUndefined()
    expect(await at('/', '/../b')).toBeUndefined()
    expect(await at('/..', '/b')).toBeUndefined()
  })
})

describe('with cgroups of version 1', () => {
  const own = (controller: string) => `/sys/fs/cgroup/${controller}/docker/${id}`
  const tree = {
    '/proc/self/mountinfo': ['cpu,cpuacct', 'memory', 'blkio', 'pids']
      .map((names) => mounted('cgroup', `/sys/fs/cgroup/${names}`, names))
      .concat(mounted('cgroup2', '/sys/fs/cgroup/unified', 'rw'))
      .join(''),
    '/proc/7/cgroup': ['4:cpu,cpuacct', '3:memory', '2:blkio', '1:pids']
      .map((names) => `${names}:/docker/${id}\n`)
      .concat('0::/\n')
      .join(''),
    [`${own('cpu,cpuacct')}/cpuacct.usage`]: '2500000000\n',
    [`${own('memory')}/memory.usage_in_bytes`]: '10000000\n',
    [`${own('memory')}/memory.stat`]: 'inactive_file 1\ntotal_inactive_file 4000000\n',
    [`${own('memory')}/memory.limit_in_bytes`]: '9223372036854771712\n',
    [`${own('blkio')}/blkio.throttle.io_service_bytes`]:
      '8:0 Read 10\n8:0 Write 20\n8:0 Total 30\nTotal 30\n',
    [`${own('pids')}/pids.current`]: '3\n',
  }

  it('reads what a container uses; the largest number is no limit', async () => {
    await files(tree)
    const folders = cgroupsNamed(id, 7, root)
    expect([...folders.keys()].sort()).toEqual(['blkio', 'cpu', 'cpuacct', 'memory', 'pids'])
    const all = { cpu: 2500, memory: 6_000_000, blockRead: 10, blockWritten: 20, pids: 3 }
    expect(readCgroups(folders)).toEqual(all)
    await files({ [`${own('memory')}/memory.limit_in_bytes`]: '1048576\n' })
    expect(readCgroups(folders)).toEqual({ ...all, memoryLimit: 1_048_576 })
  })

  it('tells nothing of block devices where the kernel names none', async () => {
    await files({ ...tree, [`${own('blkio')}/blkio.throttle.io_service_bytes`]: 'Total 0\n' })
    expect(readCgroups(cgroupsNamed(id, 7, root))).not.toHaveProperty('blockRead')
  })
})

describe('from /proc', () => {
  const process = (name: string, rss: number) => ({
    [`/proc/${name}/stat`]: `${name} (a ) b) S 1 1 1 0 -1 0 0 0 0 0 100 50 20 10 20 0 2 0 5 0 0\n`,
    [`/proc/${name}/status`]: `Name:\ta\nRssAnon:\t  ${rss} kB\nRssFile:\t 900 kB\nRssShmem:\t 1 kB\nThreads:\t2\n`,
    [`/proc/${name}/io`]: 'rchar: 1\nwchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\n',
  })

  it('adds up what processes use, and those that they waited for', async () => {
    await files({ ...process('7', 100), ...process('8', 50) })
    const both = { cpu: 3600, memory: 152 * 1024, blockRead: 8192, blockWritten: 16_384, pids: 4 }
    expect(readProcesses([7, 8, 9], root)).toEqual(both)
    await rm(join(root, '/proc/8/io'))
    expect(readProcesses([7, 8], root)).toEqual({ cpu: 3600, memory: 152 * 1024, pids: 4 })
    expect(readProcesses([9], root)).toEqual({})
  })

  it('adds up every interface but loopback', async () => {
    const line = (name: string, into: number, out: number) =>
      `${name.padStart(6)}: ${into} 1 0 0 0 0 0 0 ${out} 1 0 0 0 0 0 0\n`
    const head = 'Inter-|   Receive  |  Transmit\n face |bytes    packets errs |bytes    packets\n'
    await files({ '/proc/7/net/dev': head + line('lo', 9, 9) + line('eth0', 10, 20) + line('eth1', 1, 2) })
    expect(readNetwork(7, root)).toEqual({ networkIn: 11, networkOut: 22 })
    expect(readNetwork(8, root)).toEqual({})
  })

  it('knows its own network', () => {
    expect(sharesNetwork(globalThis.process.pid)).toBe(true)
  })
})
