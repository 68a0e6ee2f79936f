import { stat } from 'node:fs/promises'
import { Clock, definePlugin, HostInfo, Logger, Runtime, Secrets, Telemetry } from '@longshore/core'
import { Cgroups } from './cgroup.js'
import { Changes } from './changes.js'
import { CommandRun } from './config.js'
import { Records } from './records.js'
import { CommandRuntime } from './runtime.js'
import { CommandStats } from './stats.js'
import { CommandTelemetry } from './telemetry.js'

const unkept = 'no cgroup can be made here: processes are found by their marks in /proc'

/** Runs services as commands: jobs that run once a commit, and supervised processes. */
export default definePlugin({
  name: 'runtime-command',
  needs: { clock: Clock, host: HostInfo, log: Logger, secrets: Secrets },
  provides: [Runtime, Telemetry],
  runs: { command: CommandRun },
  setup({ needs: { clock, host, log, secrets }, provide, hooks, doctor }) {
    const records = new Records(host.data)
    const changes = new Changes(log)
    const cgroups = new Cgroups()
    const runtime = new CommandRuntime({ clock, log, secrets, records, changes, cgroups })
    provide(Runtime, 'command', runtime)
    provide(Telemetry, 'command', new CommandTelemetry(records, changes, new CommandStats(runtime, clock)))
    hooks.started.tap(() => runtime.recover())
    hooks.stopping.tap(() => runtime.close())
    doctor.add('processes', async () => {
      const found = await stat('/proc/self/environ').catch(() => undefined)
      const hint = 'Commands run on Linux only, with /proc mounted.'
      if (!found) return { ok: false, say: 'there is no /proc', hint }
      const { folder } = cgroups
      return { ok: true, say: folder ? `processes are kept in cgroups below ${folder}` : unkept }
    })
  },
})
