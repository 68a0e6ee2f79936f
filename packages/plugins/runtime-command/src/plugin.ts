import { stat } from 'node:fs/promises'
import { Clock, definePlugin, HostInfo, Logger, Runtime, Secrets, Telemetry } from '@longshore/core'
import { Changes } from './changes.js'
import { CommandRun } from './config.js'
import { Records } from './records.js'
import { CommandRuntime } from './runtime.js'
import { CommandTelemetry } from './telemetry.js'

/** Runs services as commands: jobs that run once a commit, and supervised processes. */
export default definePlugin({
  name: 'runtime-command',
  needs: { clock: Clock, host: HostInfo, log: Logger, secrets: Secrets },
  provides: [Runtime, Telemetry],
  runs: { command: CommandRun },
  setup({ needs: { clock, host, log, secrets }, provide, hooks, doctor }) {
    const records = new Records(host.data)
    const changes = new Changes(log)
    const runtime = new CommandRuntime({ clock, log, secrets, records, changes })
    provide(Runtime, 'command', runtime)
    provide(Telemetry, 'command', new CommandTelemetry(records, changes))
    hooks.started.tap(() => runtime.recover())
    hooks.stopping.tap(() => runtime.close())
    doctor.add('processes', async () => {
      const found = await stat('/proc/self/environ').catch(() => undefined)
      if (found) return { ok: true, say: 'processes are found by their marks in /proc' }
      return { ok: false, say: 'there is no /proc', hint: 'Commands run on Linux only, with /proc mounted.' }
    })
  },
})
