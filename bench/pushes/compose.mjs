import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { composeBinary, testImage } from '@longshore/core/testkit'
import { command } from '../engine.mjs'
import { withService } from './follow.mjs'

const run = promisify(execFile)
const binary = composeBinary()

/** Two services, of which one changes; JSON is YAML too. */
function project(round) {
  const service = { image: testImage, command: command.map((word) => word.replaceAll('$', '$$$$')) }
  const services = { still: service, changes: { ...service, environment: { ROUND: `${round}` } } }
  return JSON.stringify({ services })
}

const isNew = (name, begin) => (started) =>
  started.labels['com.docker.compose.project'] === name &&
  started.labels['com.docker.compose.service'] === 'changes' &&
  started.time >= begin

/** Kind `compose`, beside `docker compose up -d` on the same change. */
export async function pushCompose(bench, engine) {
  const folder = bench.path('bare')
  await mkdir(folder)
  const bareUp = async (round) => {
    await writeFile(`${folder}/compose.yaml`, project(round))
    const begin = Date.now()
    const env = { PATH: process.env.PATH, HOME: folder, DOCKER_HOST: engine.host }
    await run(binary, ['--project-name', 'bare', 'up', '--detach'], { cwd: folder, env })
    const { time } = await engine.started(isNew('bare', begin))
    return { begin, time, whole: Date.now() - begin }
  }
  await bareUp('first')
  const service = {
    first: { 'compose.yaml': project('first') },
    run: { kind: 'compose' },
    docker: { host: engine.host, compose: binary },
  }
  await withService(bench, service, async ({ push }) => {
    await engine.started(isNew('longshore-app', 0))
    let rounds = 0
    await bench.pair({
      name: 'compose: until the changed container runs',
      unit: 'ms',
      better: 'less',
      ratio: 0.9,
      rounds: bench.full ? 15 : 3,
      ours: async () => {
        const { seen } = await push({ 'compose.yaml': project(rounds++) })
        return (await engine.started(isNew('longshore-app', seen))).time - seen
      },
      reference: async () => {
        const { begin, time } = await bareUp(rounds++)
        return time - begin
      },
    })
  })
  await engine.clear()
}
