import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { DockerEngine, testImage } from '@longshore/core/testkit'
import { cpuSeconds, stop } from '../product.mjs'

const viewer = fileURLToPath(new URL('../processes/stats-viewer.mjs', import.meta.url))

/** Containers that do nothing, one for each service. */
async function fill(docker, count) {
  for (let index = 0; index < count; index++) {
    const labels = [`service=service-${index}`, 'host=bench', `deployment=${'0'.repeat(16)}`].flatMap(
      (label) => ['--label', `longshore.${label}`],
    )
    await docker.docker('run', '--detach', ...labels, testImage, 'sleep', '100000')
  }
}

/** Seconds of CPU that the engine has used so far: dockerd, its containerd, and what holds each container. */
function engineSeconds(docker) {
  const parts = /(^|\/)(dockerd|containerd|containerd-shim\S*)$/
  const ours = (pid) => {
    const [command, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return parts.test(command) && words.some((word) => word.includes(docker.folder))
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, pid) => {
      try {
        return sum + (ours(pid) ? cpuSeconds(pid) : 0)
      } catch {
        return sum
      }
    }, 0)
}

/** CPU that the engine and a viewer use while that watches, in ms a second; from when it shows all. */
async function watched(docker, seconds, command, args, shows) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let said = ''
    const signal = AbortSignal.timeout(60_000)
    while (!shows(said)) {
      const [chunk] = await once(child.stdout, 'data', { signal })
      said = (said + chunk).slice(-100_000)
    }
    child.stdout.resume()
    const all = () => engineSeconds(docker) + cpuSeconds(child.pid)
    const [before, began] = [all(), performance.now()]
    await sleep(seconds * 1000)
    return ((all() - before) * 1e6) / (performance.now() - began)
  } finally {
    await stop(child)
  }
}

export default {
  about:
    'CPU of the engine and of whoever watches 50 idle containers once a second: the docker plugin in a Node process of its own, beside `docker stats`. Each is measured from when it shows all of them.',
  async run(bench) {
    const [count, seconds] = bench.full ? [50, 20] : [10, 3]
    const docker = await DockerEngine.start()
    try {
      await fill(docker, count)
      const all = (said) => said.split('\n').filter((line) => line.includes('iB / ')).length >= 2 * count
      await bench.pair({
        name: `${count} containers at 1 Hz`,
        unit: 'CPU ms/s',
        better: 'less',
        ratio: bench.full ? 0.2 : undefined,
        ours: () =>
          watched(docker, seconds, process.execPath, [viewer, docker.host, count], (said) =>
            said.includes('all'),
          ),
        reference: () => watched(docker, seconds, 'docker', ['--host', docker.host, 'stats'], all),
      })
    } finally {
      await docker.close()
    }
  },
}
