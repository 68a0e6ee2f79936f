import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createLogger } from '@longshore/core'
import { showHidden } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { harmless, plain } from '../src/terminal.js'
import { folderWith, longshore, Serving, until } from './longshore.js'

/** What no line may hold: controls, what turns text around, what ends lines, what is not seen. Emoji are written with VS1 to VS16. */
const harm =
  /(?![\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Join_Control}\p{Default_Ignorable_Code_Point}]/u

/** Every character that there is. Half of a pair is none: it is written as U+FFFD. */
function* characters(): Generator<string> {
  for (let code = 0; code <= 0x10ffff; code++)
    if (code < 0xd800 || code > 0xdfff) yield String.fromCodePoint(code)
}

describe('no character', () => {
  test('steers a terminal, turns text around or hides in a line', () => {
    for (const character of characters()) {
      if (character === '\t' || character === '\n' || character === '\r') continue
      const wanted = harm.test(character) ? /^a(\\u[0-9a-f]{4}){1,2}b$/ : `a${character}b`
      for (const shown of [plain(`a${character}b`), harmless(`a${character}b`, true)]) {
        const fits = typeof wanted === 'string' ? shown === wanted : wanted.test(shown)
        if (!fits) throw new Error(`U+${character.codePointAt(0)!.toString(16)} is shown as ${shown}`)
      }
    }
    expect(plain('a\tb\nc\r')).toBe('a\tb c')
  })

  test('is lost from JSON, or harms there', () => {
    const all = [...characters()].join('')
    const json = showHidden(JSON.stringify({ [all]: all }))
    expect(JSON.parse(json)).toEqual({ [all]: all })
    expect(harm.exec(json)).toBeNull()
  })

  test('harms in a log', () => {
    const lines: string[] = []
    const log = createLogger({ level: 'info', to: { write: (line) => void lines.push(line) } })
    const all = [...characters()].join('')
    log.info({ all, error: new Error(all) }, all)
    expect(JSON.parse(lines[0]!)).toMatchObject({ all, msg: all })
    expect(harm.exec(lines[0]!.trimEnd())).toBeNull()
  })
})

describe('colours', () => {
  const line = (codes: string) => harmless(`a\u001b[${codes}mb`, true)
  // eslint-disable-next-line no-control-regex -- it is what is looked for
  const kept = (codes: string) => /^a(?:\u001b\[([\d;]*)m)?b(?:\u001b\[0m)?$/.exec(line(codes))?.[1]

  test('are kept where they are wanted, and end with their line', () => {
    for (const codes of ['0', '1', '31', '39', '97', '107', '1;31', '38;5;8', '48;2;8;5;6', '31;38;5;208;4'])
      expect(line(codes)).toBe(`a\u001b[${codes}mb\u001b[0m`)
    for (let colour = 0; colour < 256; colour++) expect(kept(`38;5;${colour}`)).toBe(`38;5;${colour}`)
    expect(line('')).toBe('a\u001b[0mb\u001b[0m')
    expect(harmless('a\u001b[31mb', false)).toBe('ab')
    expect(plain('a\u001b[31mb')).toBe('ab')
    expect(harmless('ab', true)).toBe('ab')
  })

  test('hide nothing, blink nothing, and bring no other font', () => {
    const other = [5, 6, 8, ...Array.from({ length: 11 }, (_, at) => 10 + at), 50, 58, 73, 98, 108, 1008]
    for (const code of other) {
      for (const written of [`${code}`, `0${code}`, `000${code}`]) {
        expect(line(written), written).toBe('ab')
        expect(kept(`1;${written};31`), written).toBe('1;31')
        expect(kept(`38;5;${code};${written}`), written).toBe(`38;5;${code}`)
      }
    }
    for (const broken of ['38;8', '38;5', '48', '38;6;8', ';;8'])
      expect((kept(broken) ?? '').split(';'), broken).not.toContain('8')
    expect(harmless('\u001b[8:1mx\u001b[?25lx\u001b]0;t\u0007', true)).toBe(
      '\\u001b[8:1mx\\u001b[?25lx\\u001b]0;t\\u0007',
    )
  })
})

const evil = '\u001b]52;c;ZXZpbA==\u0007\u001b[8mgone\u009b31m\u202e\u2028\u061c\ufeff\u200b\u{e0041}'

test('an error is printed as harmlessly as everything else', async () => {
  const problem = { type: 'x', title: 'x', status: 409, code: 'SERVICE_HELD', requestId: 'x' }
  const server = createServer((_, response) => {
    response.writeHead(409, { 'content-type': 'application/problem+json' })
    const errors = [{ path: `why${evil}`, message: evil }]
    response.end(JSON.stringify({ ...problem, detail: `held: ${evil}`, hint: `say ${evil}`, errors }))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const folder = await folderWith({ x: '' })
  const { stderr } = await longshore(['ls'], folder, { LONGSHORE_URL: `http://127.0.0.1:${port}` })
  expect(stderr).toContain('held: \\u001b]52;c;ZXZpbA==\\u0007gone\\u009b31m\\u202e\\u2028')
  expect(stderr.split('\n').find((line) => harm.test(line))).toBeUndefined()
  // What is no error of ours, too.
  const unknown = await longshore([`ls${evil}`], folder)
  expect(unknown.stderr).toContain('(COMMAND_USAGE)')
  expect(unknown.stderr.split('\n').find((line) => harm.test(line))).toBeUndefined()
})

test('what a repository and a service say harms nobody who looks', async () => {
  const server = await startGitServer()
  onTestFinished(() => server.close())
  const up = `process.stdout.write(${JSON.stringify(`${evil}\n`)}); setInterval(() => {}, 1000)`
  await (await server.repository('api')).commit('main', { 'up.mjs': up }, { message: `First ${evil}` })
  const source = `{ url: '${server.url('api')}', poll: 500ms }`
  const folder = await folderWith({
    'longshore.config.yaml': `version: 1\ndata: ./data\nweb: { listen: '127.0.0.1:0' }\nhealth: { settle: 0s }\nservices:\n  api:\n    source: ${source}\n    run: { kind: command, up: [node, up.mjs], keepAlive: true, grace: 1s }\n`,
  })
  const serving = new Serving(['serve'], folder)
  await serving.line(/Longshore runs on/)
  const json = async () => (await longshore(['show', 'api', '--json'], folder)).stdout
  await until(
    async () => (await json()).includes('"state":"healthy"'),
    () => serving.output,
  )
  await longshore(['stop', 'api', '--why', evil], folder)
  const shown = JSON.parse(await json()) as { placements: { newest: object; hold: object }[] }
  expect(shown.placements[0]).toMatchObject({
    newest: { message: `First ${evil}` },
    hold: { why: evil.trim() },
  })
  const [deployment] = JSON.parse((await longshore(['deployments', 'api', '--json'], folder)).stdout) as {
    id: string
  }[]
  for (const command of [
    ['ls'],
    ['show', 'api'],
    ['deployments', 'api'],
    ['deployment', deployment!.id],
    ['events'],
  ])
    for (const way of [[], ['--json']]) {
      const { stdout, stderr, code } = await longshore([...command, ...way], folder)
      expect(code).toBe(0)
      for (const line of `${stdout}\n${stderr}`.split('\n'))
        expect(harm.exec(line), `${command.join(' ')}: ${line}`).toBeNull()
    }
  expect(await serving.end('SIGTERM')).toBe(0)
  for (const line of serving.output.split('\n')) expect(harm.exec(line), line).toBeNull()
}, 120_000)
