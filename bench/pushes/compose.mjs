import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { composeBinary, testImage } from '@longshore/core/testkit'
import { composeCommand } from '../engine.mjs'
import { withService } from './follow.mjs'

const run = promisify(execFile)
const binary = composeBinary()

/** Two services, of which one changes; JSON is YAML too. */
function project(round) {
  const service = { image: testImage, command: composeCommand }
  const services = { still: service, changes: { ...service, environment: { ROUND: `${round}` } } }
  return JSON.stringify({ services })
}

const isNew = (name, begin) => (started) =>
  started.labels['com.docker.compose.project'] === name &&
  started.labels['com.docker.compose.service'] === 'changes' &&
  started.time >= begin

/** Kind `compose`, beside `docker compose up -d` on the same change, and beside Compose called without `docker`. */
export async function pushCompose(bench, engine) {
  const bareUp = await bare(bench, engine)
  const service = {
    first: { 'compose.yaml': project('first') },
    run: { kind: 'compose' },
    docker: { host: engine.host, compose: binary },
  }
  await withService(bench, service, async ({ push }) => {
    await engine.started(isNew('longshore-app', 0))
    let rounds = 0
    const ours = async () => {
      const { seen } = await push({ 'compose.yaml': project(rounds++) })
      return (await engine.started(isNew('longshore-app', seen))).time - seen
    }
    const way = { unit: 'ms', better: 'less', rounds: bench.full ? 15 : 3, ours }
    const name = 'compose: until the changed container runs'
    const whole = () => bareUp(rounds++, ['docker', 'compose'])
    await bench.pair({ ...way, name, ratio: 0.9, reference: whole })
    await bench.pair({
      ...way,
      name: `${name}, beside the plugin itself`,
      reference: () => bareUp(rounds++, [binary]),
    })
  })
  await engine.clear()
}

/** A project that Compose alone brings up; answers, for a change and how Compose is called, the ms until it runs. */
async function bare(bench, engine) {
  const folder = bench.path('bare')
  const config = `${folder}/.docker`
  await mkdir(`${config}/cli-plugins`, { recursive: true })
  await symlink(binary, `${config}/cli-plugins/docker-compose`)
  const env = { PATH: process.env.PATH, HOME: folder, DOCKER_CONFIG: config, DOCKER_HOST: engine.host }
  const up = async (round, [command, ...words]) => {
    await writeFile(`${folder}/compose.yaml`, project(round))
    const begin = Date.now()
    await run(command, [...words, '--project-name', 'bare', 'up', '--detach'], { cwd: folder, env })
    return (await engine.started(isNew('bare', begin))).time - begin
  }
  await up('first', [binary])
  return up
}
