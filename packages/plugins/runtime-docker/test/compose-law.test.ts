import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DockerEngine, runtimeLaws, testImage } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { ComposeRun } from '../src/compose/config.js'
import { testCommands } from './commands.js'
import { clearEngine, needsCompose, openRuntime, testFolder } from './compose-bench.js'
import { stoppedByHand } from './site.js'

/** One file for each behaviour: what a project does is in the commit, not in the config. */
const files = {
  lasts: { command: ['sleep', '1000'] },
  fails: { command: ['sh', '-c', 'exit 3'] },
  hangs: { command: ['sleep', '1000'], healthcheck: { test: ['CMD', 'false'], interval: '1h' } },
}
const run = (name: string) => ({ kind: 'compose', ...ComposeRun.parse({ files: [`${name}.yaml`] }) })
const runs = { lasts: run('lasts'), fails: run('fails'), hangs: run('hangs') }

describe('the runtime of compose projects', needsCompose(), () => {
  let docker: DockerEngine
  let folder: Awaited<ReturnType<typeof testFolder>>
  beforeAll(async () => {
    docker = await DockerEngine.start()
    folder = await testFolder()
    for (const [name, app] of Object.entries(files)) {
      const services = { app: { image: testImage, stop_signal: 'SIGKILL', ...app } }
      await writeFile(join(folder.path, `${name}.yaml`), JSON.stringify({ services }))
    }
  })
  afterAll(async () => {
    await docker.close()
    await folder.remove()
  })

  const make = async () => {
    const data = await mkdtemp(join(folder.path, 'data-'))
    const label = (service: string) => ['--filter', `label=longshore.service=${service}`]
    return {
      runtime: openRuntime(docker, data),
      runs,
      commands: testCommands(5_000_000 + process.pid),
      directory: folder.path,
      alive: async (service: string) =>
        (await docker.docker('ps', '--quiet', ...label(service))).split('\n').filter(Boolean).length,
      disturb: stoppedByHand(docker),
      reopen: async () => openRuntime(docker, data),
      close: () => clearEngine(docker),
    }
  }
  for (const law of runtimeLaws(make)) it(law.name, law.run)
})
