import { runtimeLaws, statsLaws, telemetryLaws } from '@longshore/core/testkit'
import { LineLog, systemClock } from '@longshore/core'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { CommandRun } from '../src/config.js'
import { Bench, commandLines } from './bench.js'

const jobs = {
  lasts: CommandRun.parse({ up: ['sh', '-c', 'sleep 1000 >/dev/null 2>&1 &'] }),
  fails: CommandRun.parse({ up: ['sh', '-c', 'exit 3'] }),
  hangs: CommandRun.parse({ up: ['sh', '-c', 'sleep 1000'] }),
}
const supervised = {
  lasts: CommandRun.parse({ up: ['sleep', '1000'], keepAlive: true }),
  fails: CommandRun.parse({ up: ['sh', '-c', 'exit 3'], keepAlive: true }),
  hangs: CommandRun.parse({ up: ['sleep', '1000'], keepAlive: true }),
}
/** Words that are in the processes of commands only. */
const seconds = 3_000_000 + process.pid
const background = `setsid sleep ${seconds} &`
const commands = {
  ends: ['sh', '-c', 'echo one; echo two; exit 3'],
  lasts: ['sh', '-c', `${background} echo began; sleep ${seconds}; :`],
  leaves: ['sh', '-c', `${background} echo left`],
  alive: async () =>
    commandLines()
      .split('\n')
      .filter((line) => line.includes(`sleep ${seconds}`)).length,
}
const before = {
  ...supervised,
  lasts: { ...supervised.lasts, replace: 'before' },
  fails: { ...supervised.fails, replace: 'before' },
}

for (const [kind, runs, places] of [
  ['jobs', jobs],
  ['supervised', supervised],
  ['supervised, the new one first', before],
  ['supervised, without cgroups', supervised, []],
] as [string, typeof supervised, string[]?][]) {
  describe(`the runtime of ${kind}`, () => {
    const make = async () => {
      const bench = await Bench.make(undefined, places)
      return {
        runtime: bench.runtime,
        runs,
        commands,
        directory: bench.directory,
        alive: async (service: string) => bench.instances(service).length,
        reopen: () => bench.open(),
        close: () => bench.close(),
      }
    }
    for (const law of runtimeLaws(make)) it(law.name, law.run)
  })
}

describe('the telemetry', () => {
  const make = async () => {
    const bench = await Bench.make()
    const logs = new Map<string, LineLog>()
    const open = async (instance: string) => {
      const directory = join(bench.records.home('hello', instance), 'log')
      const log = await LineLog.open(directory, { segmentBytes: 1 << 20, segments: 4, clock: systemClock })
      logs.set(instance, log)
      bench.changes.tell({ kind: 'started', service: 'hello', host: 'box', deployment: instance, instance })
      return log
    }
    return {
      telemetry: bench.telemetry,
      async print(instance: string, stream: 'stdout' | 'stderr', bytes: Uint8Array | string) {
        await (logs.get(instance) ?? (await open(instance))).write(stream, bytes)
        return instance
      },
      async close() {
        for (const log of logs.values()) await log.close()
        await bench.close()
      },
    }
  }
  for (const law of telemetryLaws(make)) it(law.name, law.run)
})

for (const [kept, places] of [
  ['kept in cgroups', undefined],
  ['without cgroups', []],
] as const) {
  describe(`what processes use, ${kept}`, () => {
    const make = async () => {
      const bench = await Bench.make(undefined, places && [...places])
      let count = 0
      return {
        telemetry: bench.telemetry,
        async start() {
          await bench.apply(++count, {
            up: ['sh', '-c', 'while :; do :; done'],
            keepAlive: true,
            grace: '1s',
          })
          return bench.plan(count, { up: ['true'] }).deployment
        },
        end: () => bench.end(),
        close: () => bench.close(),
      }
    }
    for (const law of statsLaws(make)) it(law.name, law.run)
  })
}
