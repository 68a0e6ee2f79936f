import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startGitServer } from '@longshore/core/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { Longshore } from './longshore.mjs'
import { until } from './until.mjs'

/** Prints lines in bursts, many of them within a millisecond, and writes the same into a file of its deployment. */
const program = `
import { appendFileSync, writeSync } from 'node:fs'
const file = process.argv[2] + '/' + process.env.LONGSHORE_DEPLOYMENT
let count = 0
let over = false
process.on('SIGTERM', () => (over = true))
const turn = () => {
  let text = ''
  for (let index = 0; index < 500; index++) text += 'line ' + count++ + ' ' + Math.random() + '\\n'
  appendFileSync(file, text)
  writeSync(1, text)
  if (over) process.exit(0)
  setTimeout(turn, 20)
}
turn()
`

/** Waits until what is printed has grown by so many bytes. */
async function printsMore(folder: string, by = 100_000): Promise<void> {
  const bytes = async () => {
    const names = (await readdir(folder)).filter((name) => /^[0-9a-z]{16}$/.test(name))
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
    return sizes.reduce((sum, size) => sum + size, 0)
  }
  const before = await bytes()
  await until('more is printed', 30_000, async () => (await bytes()) >= before + by)
}

/** Holds what is kept of each deployment against what it printed, by count and hash. */
async function compare(longshore: Longshore, printed: string): Promise<string[]> {
  const deployments = (await readdir(printed)).filter((name) => /^[0-9a-z]{16}$/.test(name)).sort()
  expect(deployments).toHaveLength(4)
  for (const deployment of deployments) {
    const wanted = await readFile(join(printed, deployment))
    let got = Buffer.alloc(0)
    const same = async () => {
      const answer = await longshore.open(
        'GET',
        `/services/hello/logs?deployment=${deployment}`,
        undefined,
        AbortSignal.timeout(30_000),
      )
      got = Buffer.concat(await answer.toArray())
      return got.length >= wanted.length
    }
    await until(`all of ${deployment} is there`, 30_000, same)
    expect(got.toString().split('\n').length).toBe(wanted.toString().split('\n').length)
    expect(createHash('sha256').update(got).digest('hex')).toBe(
      createHash('sha256').update(wanted).digest('hex'),
    )
  }
  return deployments
}

test('the archive after 3 recreations and 2 kills of Longshore: every line once, in order', async () => {
  const server = await startGitServer()
  onTestFinished(() => server.close())
  const repository = await server.repository('app')
  const sha = await repository.commit('main', { 'print.mjs': program })
  const longshore = await Longshore.at({ web: { listen: '127.0.0.1:0' } })
  onTestFinished(() => longshore.close())
  const printed = longshore.folder
  const run = { kind: 'command', up: [process.execPath, 'print.mjs', printed], keepAlive: true, grace: '5s' }
  const services = { hello: { source: { url: server.url('app'), poll: '500ms' }, run } }
  await longshore.configure({ web: { listen: '127.0.0.1:0' }, services })
  await longshore.start()
  await longshore.runs('hello', sha)
  for (const kill of [false, true, true, false]) {
    await printsMore(printed)
    if (kill) {
      // It prints on while nobody reads, until the pipe is full.
      await longshore.kill()
      await longshore.start()
      await longshore.runs('hello', sha)
    } else expect((await longshore.cli('restart', 'hello')).code).toBe(0)
  }
  expect((await longshore.cli('restart', 'hello')).code).toBe(0)
  expect((await longshore.cli('stop', 'hello', '--why', 'all is said')).code).toBe(0)

  const deployments = await compare(longshore, printed)
  // Found by every word of the command, too.
  const [last] = (await readFile(join(printed, deployments[1]!), 'utf8')).trimEnd().split('\n').slice(-1)
  const found = await longshore.cli('logs', 'hello', '--search', last!, '--json')
  expect(JSON.parse(found.stdout)).toMatchObject({ text: last, deployment: deployments[1], stream: 'stdout' })
  const tail = await longshore.cli('logs', 'hello', '--tail', '3')
  expect(tail.stdout.trimEnd().split('\n')).toHaveLength(3)
})
