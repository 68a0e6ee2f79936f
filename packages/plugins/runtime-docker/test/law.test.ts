import { createLogger, systemClock } from '@longshore/core'
import { DockerEngine, needs, runtimeLaws, testImage } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Engine } from '../src/client.js'
import { Records } from '../src/compose/records.js'
import { DockerConfig, ImageRun } from '../src/config.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { kindsOf } from '../src/plugin.js'
import { DockerRuntime } from '../src/runtime.js'

const image = (run: object) => ({
  kind: 'image',
  ...ImageRun.parse({ image: testImage, grace: '1s', ...run }),
})
const runs = {
  lasts: image({ command: ['sleep', '1000'] }),
  fails: image({ command: ['sh', '-c', 'exit 3'] }),
  hangs: image({ command: ['sleep', '1000'], healthcheck: { test: ['false'], interval: '1h' } }),
}

describe('the runtime of images', needs('docker'), () => {
  let docker: DockerEngine
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())

  const open = () => {
    const tools = {
      engine: new Engine(findEndpoint(docker.host, {})),
      clock: systemClock,
      log: createLogger({ level: 'error' }),
      host: 'box',
      config: DockerConfig.parse(undefined),
      records: new Records('/nowhere', systemClock),
    }
    return new DockerRuntime(tools, kindsOf(tools))
  }
  const all = (...filters: string[]) =>
    docker.docker('ps', '--quiet', ...filters.flatMap((filter) => ['--filter', filter]))
  const make = async () => ({
    runtime: open(),
    runs,
    directory: '/',
    alive: async (service: string) =>
      (await all(`label=longshore.service=${service}`)).split('\n').filter(Boolean).length,
    reopen: async () => open(),
    close: async () => {
      const left = await docker.docker('ps', '--all', '--quiet')
      if (left) await docker.docker('rm', '--force', ...left.split('\n'))
    },
  })
  for (const law of runtimeLaws(make)) it(law.name, law.run)
})
