import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfigFile } from '../src/index.js'
import { wordsOf } from '../src/product/words.js'
import { folderWith, longshore } from './longshore.js'

const file = 'longshore.config.yaml'

describe('the words of a command', () => {
  // What a POSIX shell makes of the same lines.
  const lines = [
    'npm start',
    '  npm   run\tstart ',
    "sh -c 'echo hi && sleep 10'",
    'sh -c "echo hi && sleep 10"',
    `sh -c 'echo "hi"' "it's"`,
    String.raw`a\ b "c\"d\\e\x" 'f\g' \"h\'`,
    `one' 'word"and"''more ""`,
    'a#b a=b c~d --flag=x:y,z @%+-_/.',
    String.raw`"\$HOME" '$HOME' \$HOME "\`x\`" '*' \* \~ "#"`,
  ]
  test.each(lines)('%s', (line) => {
    const script = `printf '%s\\0' ${line}`
    const said = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
    expect(wordsOf(line)).toEqual(said)
  })

  test.each([
    ['npm start && npm stop', 'shell'],
    ['npm start | tee log', 'shell'],
    ['npm start > log', 'shell'],
    ['npm start; true', 'shell'],
    ['npm start &', 'shell'],
    ['(npm start)', 'shell'],
    ['run $HOME', 'shell'],
    ['run "$HOME"', 'shell'],
    ['run "`id`"', 'shell'],
    ['run `id`', 'shell'],
    ['run *.js', 'shell'],
    ['run a?', 'shell'],
    ['run [ab]', 'shell'],
    ['~/run', 'shell'],
    ['PORT=1 npm start', 'shell'],
    ['npm start # here', 'shell'],
    ['npm\nstart', 'shell'],
    ["sh -c 'echo", 'quote'],
    ['sh -c "echo', 'quote'],
    ['echo \\', 'quote'],
    ['  ', 'no word'],
    ['', 'no word'],
  ])('%j are not guessed', (line, why) => {
    expect(() => wordsOf(line)).toThrow(
      expect.objectContaining({ code: 'UP_UNCLEAR', message: expect.stringContaining(why) }),
    )
  })
})

test('init keeps quoted words together, and says how to write what needs a shell', async () => {
  const given = ['init', '--name', 'api', '--url', 'https://git.example/api.git', '--up']
  const folder = await folderWith({ x: '' })
  const refused = await longshore([...given, 'echo hi && sleep 10'], folder)
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('(UP_UNCLEAR)') })
  expect(refused.stderr).toContain('up: ["sh","-c","echo hi && sleep 10"]')
  expect(existsSync(join(folder, file))).toBe(false)

  expect(await longshore([...given, "sh -c 'echo hi && sleep 10'"], folder)).toMatchObject({ code: 0 })
  const { value } = await readConfigFile(join(folder, file))
  expect(value).toMatchObject({ services: { api: { run: { up: ['sh', '-c', 'echo hi && sleep 10'] } } } })
  expect(await longshore(['check'], folder)).toMatchObject({ code: 0 })

  for (const [up, written] of [
    ['./bin/run', './bin/run'],
    ["'my bin/run'", 'my bin/run'],
    ['/usr/bin/true', ['/usr/bin/true']],
  ] as const) {
    const other = await folderWith({ x: '' })
    await longshore([...given, up], other)
    const { value } = await readConfigFile(join(other, file))
    expect(value).toMatchObject({ services: { api: { run: { up: written } } } })
  }
})

test.each([
  ['http://ines:tok%40en@127.0.0.1:1/team/api.git', 'http://127.0.0.1:1/team/api.git'],
  ['https://tok-en@git.example/api.git', 'https://git.example/api.git'],
  ['https://ines:tok-en@x@git.example/api.git', 'https://git.example/api.git'],
  ['ssh://git:tok-en@git.example/api.git', 'ssh://git@git.example/api.git'],
])('init writes nobody’s password down: %s', async (address, written) => {
  const folder = await folderWith({ 'compose.yaml': 'services: { web: { image: nginx } }\n' })
  execFileSync('git', ['-C', folder, 'init', '--quiet'])
  execFileSync('git', ['-C', folder, 'remote', 'add', 'origin', address])
  const ways = [
    ['--from', 'compose.yaml'],
    ['--name', 'api', '--url', address, '--up', 'npm start'],
  ]
  for (const [index, way] of ways.entries()) {
    const at = index === 0 ? folder : await folderWith({ x: '' })
    const { code, stdout, stderr } = await longshore(['init', ...way], at)
    expect(code).toBe(0)
    const text = await readFile(join(at, file), 'utf8')
    expect(text).toContain(`url: ${written}\n`)
    expect(`${text}${stdout}${stderr}`).not.toMatch(/tok(-|%40)en|ines/)
    expect(stderr).toMatch(/left out/)
    if (written.startsWith('http'))
      expect(stderr).toMatch(/source\.credential[\s\S]*credentials:\n +forge:\n +kind: https/)
    const checked = await longshore(['check'], at)
    expect(checked.stderr).not.toContain('source')
  }
})
