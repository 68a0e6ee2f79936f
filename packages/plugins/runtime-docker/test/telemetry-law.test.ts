import { systemClock } from '@longshore/core'
import { DockerEngine, needs, telemetryLaws } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Engine } from '../src/client.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { DockerTelemetry } from '../src/telemetry/telemetry.js'
import { Printer } from './printer.js'

describe('the telemetry', needs('docker'), () => {
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
        const printer = printers.get(instance) ?? (await Printer.start(docker, 'hello'))
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
  for (const law of telemetryLaws(make)) it(law.name, law.run)
})
