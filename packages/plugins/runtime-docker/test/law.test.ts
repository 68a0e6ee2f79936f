import { needs, runtimeLaws } from '@longshore/core/testkit'
import { beforeEach, describe, it } from 'vitest'
import { testCommands } from './commands.js'
import { stoppedByHand } from './site.js'
import { dockerfile, image, onStage } from './stage.js'

const from = 'FROM longshore-test:1\n'
const files = {
  lasts: `${from}CMD ["sleep", "1000"]\n`,
  fails: `${from}CMD exit 3\n`,
  hangs: `${from}HEALTHCHECK --interval=1h CMD false\nCMD ["sleep", "1000"]\n`,
}
const kinds = {
  image: {
    lasts: image(),
    fails: image({ command: ['sh', '-c', 'exit 3'] }),
    hangs: image({ healthcheck: { test: ['false'], interval: '1h' } }),
  },
  dockerfile: {
    lasts: dockerfile({ file: 'lasts' }),
    fails: dockerfile({ file: 'fails' }),
    hangs: dockerfile({ file: 'hangs' }),
  },
}

for (const [kind, runs] of Object.entries(kinds))
  describe(`the runtime of kind ${kind}`, needs('docker'), () => {
    const on = onStage()
    beforeEach(() => on.stage.write(files))

    const make = async () => {
      const { stage, docker } = on
      const label = (service: string) => ['--filter', `label=longshore.service=${service}`]
      return {
        runtime: stage.runtime,
        runs,
        commands: testCommands(),
        directory: stage.folder,
        alive: async (service: string) =>
          (await docker.docker('ps', '--quiet', ...label(service))).split('\n').filter(Boolean).length,
        disturb: stoppedByHand(docker),
        reopen: async () => {
          stage.reopen()
          return stage.runtime
        },
        close: async () => undefined,
      }
    }
    for (const law of runtimeLaws(make)) it(law.name, law.run)
  })
