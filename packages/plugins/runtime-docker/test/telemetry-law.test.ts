import { systemClock } from '@longshore/core'
import { DockerEngine, needs, telemetryLaws } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Engine } from '../src/client.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { DockerTelemetry } from '../src/telemetry/telemetry.js'
import { Printer } from './printer.js'

describe.each(['local', 'json-file'] as const)(
  'the telemetry, logs kept by %s,',
  needs('docker'),
  (driver) => {
    let docker: DockerEngine
    beforeAll(async () => (docker = await DockerEngine.start()))
    afterAll(() => docker.close())

    const make = async () => {
      const printers = new Map<string, Printer>()
      return {
        telemetry: new DockerTelemetry({
          engine: new Engine(findEndpoint(docker.host, {})),
          clock: systemClock,
          host: 'box',
        }),
        async print(instance: string, stream: 'stdout' | 'stderr', bytes: Uint8Array | string) {
          const printer = printers.get(instance) ?? (await Printer.start(docker, driver))
          printers.set(instance, printer)
          await printer.print(stream, bytes)
          return printer.id
        },
        async close() {
          for (const printer of printers.values()) await printer.close()
          const ids = [...printers.values()].map(({ id }) => id)
          if (ids.length > 0) await docker.docker('rm', '--force', ...ids)
        },
      }
    }
    const laws = telemetryLaws(make)
    // The driver json-file keeps text: it has other bytes before anybody reads them.
    const kept =
      driver === 'local' ? laws : laws.filter(({ name }) => !name.startsWith('lines are byte-exact'))
    for (const law of kept) it(law.name, law.run)
  },
)
