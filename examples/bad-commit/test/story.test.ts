import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DockerEngine, needs, testImage } from '@longshore/core/testkit'
import { expect, onTestFinished, test } from 'vitest'

const run = fileURLToPath(new URL('../run.mjs', import.meta.url))

/** Plays the story beside an engine of its own, where that publishes its ports; answers what it printed and measured. */
async function play() {
  const docker = await DockerEngine.start()
  onTestFinished(() => docker.close())
  const child = docker.spawnInside([process.execPath, run, '--json'], {
    env: { ...process.env, BASE: testImage, DOCKER_HOST: docker.host, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the story ended with ${code}:\n${said}`)
  return { said, told: JSON.parse(said.trim().split('\n').at(-1)!) as Told }
}

interface Told {
  rollback: { answered: number; milliseconds: number }
  asked: { asked: number; errors: number; longest: number; pages: string[] }
  barred: { actor: { kind: string }; data: { evidence: string[] } }
  quarantine: { answered: number; start: number }
  again: {
    branch: { code: string; reason: string }
    force: { code: string; reason: string }
    runs: boolean
    staging: boolean
  }
}

test(
  'a bad commit is rolled back and barred by itself; a vulnerable one by hand, and however it comes again it is refused',
  { ...needs('docker'), timeout: 300_000 },
  async () => {
    const { said, told } = await play()
    process.stdout.write(said)
    expect(told.rollback.answered).toBeLessThanOrEqual(10_000)
    expect(told.asked.pages.sort()).toEqual(['one', 'two'])
    expect(told.barred.actor).toEqual({ kind: 'system' })
    expect(told.barred.data.evidence.join('\n')).toContain('no such column')
    expect(told.quarantine.answered).toBeLessThanOrEqual(3_000 + told.quarantine.start)
    for (const refusal of [told.again.branch, told.again.force]) {
      expect(refusal.code).toBe('COMMIT_QUARANTINED')
      expect(refusal.reason).toMatch(/by local.*everybody may read the orders/)
    }
    expect(told.again).toMatchObject({ runs: true, staging: true })
  },
)
