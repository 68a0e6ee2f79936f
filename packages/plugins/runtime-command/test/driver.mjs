// A Longshore of its own that the tests kill: opens the data folder, applies the plans, and says so on stdout. It runs the command.
import { createLogger, systemClock } from '@longshore/core'
import { Cgroups } from '../dist/cgroup.js'
import { Changes } from '../dist/changes.js'
import { CommandRun } from '../dist/config.js'
import { Records } from '../dist/records.js'
import { CommandRuntime } from '../dist/runtime.js'

const { data, plans, dieBeforeRecord, places, command } = JSON.parse(process.argv[2])

class DyingRecords extends Records {
  async save(record) {
    if (dieBeforeRecord && record.process) process.kill(process.pid, 'SIGKILL')
    await super.save(record)
  }
}

const log = createLogger({ level: 'error' })
const runtime = new CommandRuntime({
  clock: systemClock,
  log,
  secrets: { open: () => Promise.reject(new Error('no secret')) },
  records: new DyingRecords(data),
  changes: new Changes(log),
  cgroups: new Cgroups(places),
})
await runtime.recover()
console.log('open')
const context = {
  signal: new AbortController().signal,
  output: { write: async () => undefined },
  secret: () => Promise.reject(new Error('no secret')),
}
for (const plan of plans) {
  await runtime.apply({ ...plan, run: CommandRun.parse(plan.run) }, context)
  console.log('applied', plan.deployment)
}
if (command) void runtime.run(command, context)
setInterval(() => {}, 1000)
