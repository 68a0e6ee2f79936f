import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DockerEngine, needs, testImage } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Longshore } from './longshore.mjs'
import { gitPlace, longshoreAt } from './place.js'
import { until } from './until.mjs'

/** Prints lines in bursts with short pauses between them, and writes the same into a file of its deployment. */
const program = [
  "trap 'over=1' TERM",
  'file=/printed/$LONGSHORE_DEPLOYMENT',
  'turn=0',
  'while [ -z "$over" ]; do',
  '  seq $((turn * 500)) $((turn * 500 + 499)) | sed "s/$/ of $LONGSHORE_DEPLOYMENT/" | tee -a $file',
  '  turn=$((turn + 1))',
  '  sleep 0.1',
  'done',
].join('\n')

describe('the archive of containers', needs('docker'), () => {
  let docker: DockerEngine
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())

  test('after 3 recreations and 2 kills of Longshore it has every line once, in order', async () => {
    const { repository, url } = await gitPlace()
    const sha = await repository.commit('main', { file: '1' })
    const longshore = await longshoreAt({})
    const printed = join(longshore.folder, 'printed')
    await mkdir(printed)
    const command = ['sh', '-c', program]
    const volumes = [`${printed}:/printed`]
    const run = { kind: 'image', image: testImage, command, volumes, grace: '10s' }
    await longshore.configure({
      web: { listen: '127.0.0.1:0' },
      docker: { host: docker.host, hostPaths: [printed] },
      services: { hello: { source: { url, poll: '500ms' }, run } },
    })
    await longshore.start()
    await longshore.runs('hello', sha)
    for (const kill of [false, true, false, true, false]) {
      await printsMore(printed)
      if (kill) {
        await longshore.kill()
        await printsMore(printed)
        await longshore.start()
      } else expect(await longshore.cli('restart', 'hello')).toMatchObject({ code: 0 })
      await longshore.runs('hello', sha)
    }
    await printsMore(printed)
    await tellsWhatItUses(longshore)
    await showsWhatComes(longshore)
    expect((await longshore.cli('stop', 'hello', '--why', 'all is said')).code).toBe(0)

    const deployments = (await readdir(printed)).sort()
    expect(deployments).toHaveLength(4)
    for (const deployment of deployments) await compare(longshore, printed, deployment)
    const all = await linesOf(longshore)
    expect(new Set(all.map((line) => line.text)).size).toBe(all.length)
  }, 240_000)
})

/** The command and the series behind it tell of the container that runs. */
async function tellsWhatItUses(longshore: Longshore): Promise<void> {
  const { running } = await longshore.service('hello')
  const series = await until('a sample is there', 30_000, async () => {
    const { body } = await longshore.ask('GET', '/services/hello/stats?window=10m')
    const own = body.instances.find(
      ({ deployment }: { deployment: string }) => deployment === running.deployment,
    )
    return own?.points.some((point: object) => 'cpu' in point && 'memory' in point) && own
  })
  expect(series.points.at(-1)).toMatchObject({ pids: expect.any(Number) as number })
  const shown = await longshore.cli('stats', 'hello', '--window', '10m')
  expect(shown.stdout).toMatch(/SERVICE +INSTANCE +CPU +MEAN +MOST +MEMORY/)
  expect(shown.stdout).toMatch(new RegExp(`hello +${series.instance.slice(0, 12)} +[0-9.]+% `))
}

/** With -f come the lines that are printed meanwhile; of several instances each line says whose it is. */
async function showsWhatComes(longshore: Longshore): Promise<void> {
  const signal = AbortSignal.timeout(30_000)
  const following = longshore.follow(signal, 'logs', 'hello', '-f', '--tail', '1')
  let said = 0
  for await (const line of following) {
    expect(line).toMatch(/^(?:[0-9a-f]{12} \| )?\d+ of [0-9a-z]{16}$/)
    if (++said > 1_000) break
  }
  const { stdout } = await longshore.cli('logs', 'hello', '--tail', '999999', '--match', '^(0|1) of ')
  expect(stdout.trimEnd().split('\n')).toHaveLength(8)
  for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^[0-9a-f]{12} \| [01] of /)
}

/** Waits until what is printed has grown by so many bytes. */
async function printsMore(folder: string, by = 100_000): Promise<void> {
  const bytes = async () => {
    const names = await readdir(folder)
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
    return sizes.reduce((sum, size) => sum + size, 0)
  }
  const before = await bytes()
  await until('more is printed', 30_000, async () => (await bytes()) >= before + by)
}

async function linesOf(longshore: Longshore, ...words: string[]) {
  const { code, stdout, stderr } = await longshore.cli(
    'logs',
    'hello',
    '--tail',
    '999999',
    '--json',
    ...words,
  )
  expect(code, stderr).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  return lines.filter(Boolean).map((line) => JSON.parse(line) as { text: string; deployment: string })
}

/** Holds what is kept of a deployment against what it printed, by count and hash. */
async function compare(longshore: Longshore, printed: string, deployment: string): Promise<void> {
  const wanted = await readFile(join(printed, deployment), 'utf8')
  const count = wanted.split('\n').length - 1
  let lines: Awaited<ReturnType<typeof linesOf>> = []
  await until(`all of ${deployment} is there`, 30_000, async () => {
    lines = await linesOf(longshore, '--deployment', deployment)
    return lines.length >= count
  })
  expect(lines.length).toBe(count)
  const got = lines.map(({ text }) => `${text}\n`).join('')
  expect(hash(got)).toBe(hash(wanted))
  expect(new Set(lines.map((line) => line.deployment))).toEqual(new Set([deployment]))
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
