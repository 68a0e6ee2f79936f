import { composeBinary, DockerEngine, needs, testImage } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe } from 'vitest'
import { gateOutcomes } from './gates.js'

const needed = needs('docker').skip ? needs('docker') : needs('compose')

let docker: DockerEngine
beforeAll(async () => {
  if (!needed.skip) docker = await DockerEngine.start()
})
afterAll(() => docker?.close())

const config = () => ({ docker: { host: docker.host, compose: composeBinary() } })
/** The commits of the containers that run. */
const running = async () => {
  const shas = await docker.docker(
    'ps',
    '--format',
    '{{.Label "longshore.commit"}}',
    '--filter',
    'label=longshore.commit',
  )
  return shas.split('\n').filter(Boolean)
}
const stays = ['sleep', '1000']
const falls = ['sh', '-c', 'sleep 3; exit 3']

describe('the gate of a Dockerfile', needed, () => {
  const tree = (version: string, command: string[]) => ({
    Dockerfile: `FROM ${testImage}\nLABEL version=${version}\nSTOPSIGNAL SIGKILL\nCMD ${JSON.stringify(command)}\n`,
  })
  gateOutcomes({
    run: { kind: 'dockerfile', restart: 'unless-stopped' },
    config,
    good: (version) => tree(version, stays),
    crashing: (version) => tree(version, falls),
    running,
  })
})

describe('the gate of a compose project', needed, () => {
  const tree = (version: string, command: string[]) => {
    const environment = { VERSION: version }
    const app = { image: testImage, command, environment, stop_signal: 'SIGKILL', restart: 'unless-stopped' }
    return { 'compose.yaml': JSON.stringify({ services: { app } }) }
  }
  gateOutcomes({
    run: { kind: 'compose' },
    config,
    good: (version) => tree(version, stays),
    crashing: (version) => tree(version, falls),
    running,
  })
})
