import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, systemClock } from '@longshore/core'
import { composeBinary, needs, type DockerEngine } from '@longshore/core/testkit'
import { kindsOf } from '../src/adapter.js'
import { Engine } from '../src/client.js'
import { Records } from '../src/compose/records.js'
import { DockerConfig } from '../src/config.js'
import { AppliedServices } from '../src/engine/applied.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { DockerRuntime } from '../src/runtime.js'

/** Both an engine and Compose, or why not. */
export function needsCompose() {
  const docker = needs('docker')
  return docker.skip ? docker : needs('compose')
}

/** A runtime of compose projects on an engine, as a Longshore with this data folder has it. */
export function openRuntime(docker: DockerEngine, data: string, config: object = {}): DockerRuntime {
  const log = createLogger({ level: 'error', to: { write: () => undefined } })
  const tools = {
    engine: new Engine(findEndpoint(docker.host, {})),
    clock: systemClock,
    log,
    host: 'box',
    config: DockerConfig.parse({ compose: composeBinary(), ...config }),
    records: new Records(data, systemClock),
    applied: new AppliedServices(data, log),
  }
  return new DockerRuntime(tools, kindsOf(tools))
}

/** A folder of the test's own, and how it goes. */
export async function testFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-compose-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Everything that runs, what they shared and what they kept. */
export async function clearEngine(docker: DockerEngine): Promise<void> {
  const left = await docker.docker('ps', '--all', '--quiet')
  if (left) await docker.docker('rm', '--force', '--volumes', ...left.split('\n'))
  await docker.docker('network', 'prune', '--force')
  const volumes = await docker.docker('volume', 'ls', '--quiet')
  if (volumes) await docker.docker('volume', 'rm', '--force', ...volumes.split('\n'))
}
