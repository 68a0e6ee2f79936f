import { readFileSync } from 'node:fs'
import { systemClock } from '@longshore/core'
import type { Sample } from '@longshore/core/protocol'
import { DockerEngine, needs, statsLaws, testImage } from '@longshore/core/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../src/client.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { HostContainers } from '../src/telemetry/host-containers.js'
import { DockerStats } from '../src/telemetry/stats.js'

const nowhere = '/nowhere'
const busy = 'while :; do :; done'
const holding = '(head -c 52428800 /dev/zero; sleep 1000) | tail -c 52428800'

function statsOf(host: string, root?: string): DockerStats {
  const tools = { engine: new Engine(findEndpoint(host, {})), clock: systemClock, host: 'box' }
  return new DockerStats({ ...tools, containers: new HostContainers(tools) }, root)
}

describe('what containers use', needs('docker'), () => {
  let docker: DockerEngine
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())
  afterEach(async () => {
    const left = await docker.docker('ps', '--all', '--quiet')
    if (left) await docker.docker('rm', '--force', ...left.split('\n'))
  })

  const run = (script: string, ...options: string[]) => {
    const labels = ['service=hello', 'host=box', 'deployment=deployment000001'].flatMap((label) => [
      '--label',
      `longshore.${label}`,
    ])
    return docker.docker('run', '--detach', ...labels, ...options, testImage, 'sh', '-c', script)
  }
  const open = (root?: string) => statsOf(docker.host, root)

  /** Watches until a sample is as it shall be; fails with the last one. */
  async function until(
    stats: DockerStats,
    instance: string,
    holds: (sample: Sample) => boolean,
  ): Promise<Sample> {
    let last: Sample | undefined
    const query = { service: 'hello', host: 'box', instance, every: 1_000 }
    for await (const [sample] of stats.watch(query, AbortSignal.timeout(30_000))) {
      if (sample && holds((last = sample))) return sample
    }
    throw new Error(`it did not come about: ${JSON.stringify(last)}`)
  }

  for (const [how, root] of [
    ['by the files of their cgroups', undefined],
    ['by what the engine says, where there are no files', nowhere],
  ] as const)
    describe(how, () => {
      const make = async () => {
        const stats = open(root)
        return {
          telemetry: { stats: stats.watch.bind(stats) },
          start: () => run(busy),
          end: async (instance: string) => void (await docker.docker('rm', '--force', instance)),
          close: async () => undefined,
        }
      }
      for (const law of statsLaws(make)) it(law.name, law.run)

      it('memory is what is held, beside its limit; every process counts, and every byte that is sent', async () => {
        const id = await run(holding, '--memory', '256m')
        // Once nothing begins or ends any more, its processes can be counted.
        let processes: string[] = []
        while (!processes.some((each) => each.endsWith(' sleep 1000')))
          processes = (await docker.docker('top', id)).split('\n').slice(1)
        const held = await until(
          open(root),
          id,
          ({ memory = 0, pids }) => memory >= 50e6 && memory <= 80e6 && pids === processes.length,
        )
        expect(held).toMatchObject({ memoryLimit: 256 * 2 ** 20 })
        await docker.docker('exec', id, 'ping', '-c', '3', '-i', '0.1', '-s', '10000', '172.17.0.1')
        const grown = (name: 'networkIn' | 'networkOut', now: Sample) => now[name]! >= held[name]! + 30_000
        await until(open(root), id, (now) => grown('networkIn', now) && grown('networkOut', now))
      })
    })

  it('a busy loop that may use half a CPU uses what its process has used, and not much more than half', async () => {
    const id = await run(busy, '--cpus', '0.5')
    const pid = await docker.docker('inspect', '--format', '{{.State.Pid}}', id)
    const used = () => {
      const [, , , , , , , , , , , user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .split(') ')[1]!
        .split(' ')
      return (Number(user) + Number(system)) * 10
    }
    const [truth, told]: [number[], Sample[]] = [[], []]
    const query = { service: 'hello', host: 'box', every: 1_000 }
    for await (const [sample] of open().watch(query, AbortSignal.timeout(30_000))) {
      truth.push(used())
      told.push(sample!)
      if (told.length === 5) break
    }
    const spent = told.slice(1).reduce((sum, { cpu, time }, index) => {
      return sum + (cpu! / 100) * (Date.parse(time) - Date.parse(told[index]!.time))
    }, 0)
    // How much that is depends on what else the machine does.
    expect(Math.abs(spent - (truth.at(-1)! - truth[0]!))).toBeLessThan(250)
    for (const { cpu } of told) expect(cpu).toBeLessThan(80)
    expect(told[0]).not.toHaveProperty('memoryLimit')
  })

  it('what is written to disk is counted, or not told where the kernel does not', async () => {
    const id = await run('dd if=/dev/zero of=/file bs=1M count=8 conv=fsync; sleep 1000')
    await until(open(), id, ({ blockWritten = Infinity }) => blockWritten >= 8 * 2 ** 20)
  })

  it('in the network of the host, its bytes are not the container’s', async () => {
    const sample = await until(open(), await run(busy, '--network', 'host'), ({ pids }) => pids === 1)
    expect(sample).not.toHaveProperty('networkIn')
  })

  it('a restart takes nothing from the counters', async () => {
    const id = await run('sleep 1000')
    await docker.docker('exec', id, 'ping', '-c', '1', '-s', '20000', '172.17.0.1')
    const seen: number[] = []
    let restarted: Promise<unknown> | undefined
    const stop = AbortSignal.timeout(60_000)
    for await (const [sample] of open().watch({ service: 'hello', host: 'box', every: 1_000 }, stop)) {
      if (sample) seen.push(sample.networkOut!)
      restarted ??= docker.docker('restart', '--time', '0', id)
      if (seen.length > 1 && seen.at(-1)! > seen[0]!) break
      if (seen.length > 1) await docker.docker('exec', id, 'ping', '-c', '1', '-s', '5000', '172.17.0.1')
    }
    await restarted
    expect(seen[0]).toBeGreaterThan(20_000)
    expect([...seen].sort((a, b) => a - b)).toEqual(seen)
  })

  it('goes on by the files while the engine is killed, and knows what runs when it is back', async () => {
    const id = await run(busy)
    const seen: string[][] = []
    let [killed, came] = [false, '']
    const stop = AbortSignal.timeout(60_000)
    for await (const batch of open().watch({ service: 'hello', host: 'box', every: 1_000 }, stop)) {
      seen.push(batch.map(({ instance }) => instance))
      if (!killed && seen.at(-1)!.includes(id)) {
        await docker.kill()
        killed = true
        seen.length = 0
      } else if (killed && !came && seen.at(-1)!.includes(id)) {
        await docker.up()
        came = await run(busy)
      } else if (came && seen.at(-1)!.includes(came)) break
    }
    expect(came).not.toBe('')
    expect(seen.at(-1)).toContain(came)
  })

  it('an engine that is away at first is told as that', async () => {
    const stats = statsOf('unix:///nowhere/docker.sock')
    const batches = stats.watch({ service: 'hello', host: 'box', every: 1_000 }, AbortSignal.timeout(30_000))
    await expect(batches.next()).rejects.toMatchObject({ code: 'ENGINE_AWAY' })
  })
})
