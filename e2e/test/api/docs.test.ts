import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { needs } from '@longshore/core/testkit'
import { expect, test } from 'vitest'
import { freePort, gitPlace, longshoreAt } from '../place.js'

const page = fileURLToPath(new URL('../../../docs/api.md', import.meta.url))
const command = fileURLToPath(new URL('../../../packages/cli/bin/longshore.js', import.meta.url))

/** The blocks of shell on the page, in order. */
async function blocks(): Promise<string[]> {
  return [...(await readFile(page, 'utf8')).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text!)
}

/** A folder for the path: `longshore`, and a curl that fails on a refusal and does not follow a stream for ever. */
async function toolsIn(folder: string): Promise<string> {
  const tools = join(folder, 'tools')
  await mkdir(tools)
  const { stdout } = await promisify(execFile)('sh', ['-c', 'command -v curl'])
  const curl = `case " $* " in
*' -N '*) ${stdout.trim()} -fsS --max-time 3 "$@"; test $? = 28 ;;
*) exec ${stdout.trim()} -fsS "$@" ;;
esac`
  for (const [name, text] of [
    ['curl', curl],
    ['longshore', `exec ${process.execPath} ${command} "$@"`],
  ] as const) {
    await writeFile(join(tools, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(tools, name), 0o755)
  }
  return tools
}

test('what docs/api.md does with curl can be done', { ...needs('curl'), timeout: 120_000 }, async () => {
  const { repository, url: source } = await gitPlace('hello')
  const listen = `127.0.0.1:${await freePort()}`
  const run = { kind: 'command', up: ['sh', 'app.sh'], keepAlive: true }
  const longshore = await longshoreAt({
    services: { hello: { source: { url: source, ref: 'main', poll: '500ms' }, run } },
    env: { LONGSHORE_LISTEN: listen },
  })
  await longshore.start()
  const sha = await repository.commit('main', { 'app.sh': 'echo began\nexec sleep 1000\n' })
  await longshore.runs('hello', sha)

  const socket = join(longshore.data, 'longshore.sock')
  const text = (await blocks())
    .join('\n')
    .replaceAll('127.0.0.1:7420', listen)
    .replaceAll('~/.local/share/longshore/longshore.sock', socket)
  expect(text.match(/\bcurl /g)!.length).toBeGreaterThanOrEqual(10)
  const env = {
    ...process.env,
    PATH: `${await toolsIn(longshore.folder)}:${process.env['PATH']}`,
    LONGSHORE_DATA: longshore.data,
    HOME: dirname(socket),
  }
  // Each line by itself must go well, and what it prints is what the text says.
  const ran = await promisify(execFile)('sh', ['-euc', text], { cwd: longshore.folder, env })
  expect(ran.stdout).toContain('"name":"hello"')
  expect(ran.stdout).toMatch(/"deployment":"\w+"/)
  expect(ran.stdout).toContain('data: {"seq":1,')
  expect(ran.stdout).toContain('"text":"began')
  const stops = await longshore.events('kind=hold.placed')
  expect(stops).toMatchObject([{ why: 'it is too loud', service: 'hello' }])
})
