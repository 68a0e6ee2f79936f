import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bin, environment, folderWith, longshore, onTerminal, Serving, until } from './longshore.js'

const config = `version: 1
data: ./data
web: { listen: '127.0.0.1:0' }
`
const password = 'nine herons on a wall'

/** A Longshore without an account, its set-up link, and an account of another machine that knows nothing of it. */
async function start() {
  const folder = await folderWith({ 'longshore.config.yaml': config })
  const serving = new Serving(['serve'], folder)
  const [link] = await serving.line(/http:\/\/127\.0\.0\.1:\d+\/setup#[\w-]{43}/)
  const home = await folderWith({})
  const env = { XDG_CONFIG_HOME: home, LONGSHORE_DATA: join(home, 'none') }
  const cli = (args: string[], input = '') => longshore(args, home, env, input)
  return {
    folder,
    home,
    env,
    cli,
    link,
    url: new URL(link).origin,
    file: join(home, 'longshore', 'login.json'),
  }
}

test('the set-up link makes the first administrator, and from then on commands ask that Longshore', async () => {
  const { folder, home, cli, link, file, url } = await start()
  expect((await cli(['ls'])).code).toBe(4)
  const made = await cli(['login', link, '--user', 'ines', '--password-stdin'], `${password}\n`)
  expect(made).toMatchObject({ code: 0, stdout: `The commands of this account ask ${url} now, as ines.\n` })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const kept = JSON.parse(await readFile(file, 'utf8'))
  expect(Object.values(made).join()).not.toContain(kept.token)
  expect((await cli(['ls'])).code).toBe(0)
  // A token makes no accounts, whoever's it is.
  const { stderr } = await cli(['user', 'add', 'bob'])
  expect(stderr).toContain('AUTH_FORBIDDEN')
  expect(stderr).toContain('after longshore logout')
  expect((await cli(['login', link, '--user', 'bob', '--password-stdin'], `${password}\n`)).stderr).toContain(
    'AUTH_SET_UP',
  )
  expect((await cli(['ls'])).code).toBe(0)
  // Who names a config means this machine's Longshore, where they are the administrator without a token.
  const here = ['user', 'add', 'bob', '--config', folder]
  expect((await longshore(here, home, { XDG_CONFIG_HOME: home })).code).toBe(0)
  expect((await cli(['logout'])).stdout).toBe(`The token for ${url} is revoked.\n`)
  expect((await cli(['ls'])).code).toBe(4)
  expect((await longshore(['token', 'ls'], folder)).stderr).toContain('no token')
  expect((await cli(['logout'])).stdout).toBe('Nothing was kept.\n')
}, 60_000)

test('by a password, by a link and by a token; no session is left behind', async () => {
  const { folder, cli, link, url } = await start()
  await cli(['login', link, '--user', 'ines', '--password-stdin'], `${password}\n`)
  const wrong = await cli(['login', url, '--user', 'ines', '--password-stdin'], 'some thing else\n')
  expect(wrong).toMatchObject({ code: 3, stdout: '' })
  expect(wrong.stderr).toContain('AUTH_SIGN_IN')
  const right = await cli(['login', url, '--user', 'ines', '--password-stdin', '--json'], `${password}\n`)
  expect(JSON.parse(right.stdout)).toMatchObject({
    url,
    user: 'ines',
    expires: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect((await longshore(['session', 'ls'], folder)).stderr).toContain('Nobody is signed in')
  const tokens = async () => JSON.parse((await longshore(['token', 'ls', '--json'], folder)).stdout)
  expect(await tokens(), 'the one of the first login is revoked').toMatchObject([
    { id: JSON.parse(right.stdout).id },
  ])

  const added = await longshore(['user', 'add', 'bob', '--services', 'web-*'], folder)
  const [bobs] = /http\S+\/link#\S+/.exec(added.stdout)!
  expect((await cli(['login', bobs, '--password-stdin'], 'seven owls in a barn\n')).stdout).toContain(
    'as bob',
  )
  expect((await longshore(['token', 'ls'], folder)).stdout).toMatch(/bob +viewer of web-\*/)
  const token = (await longshore(['token', 'create', 'ci', '--role', 'viewer'], folder)).stdout
  expect((await cli(['login', url, '--token-stdin'], token)).stdout).toContain('as ci')
  expect((await cli(['ls'])).code).toBe(0)
  expect((await cli(['login', url, '--token-stdin'], `lsh_${'a'.repeat(43)}\n`)).stderr).toContain(
    'AUTH_NEEDED',
  )
  const left = await cli(['logout'])
  expect(left.stdout).toContain('forgotten here')
  expect(left.stderr).toContain('You brought it yourself')
  expect(await tokens(), 'it still counts').toMatchObject([{ name: 'ci' }])
}, 60_000)

test('a wrong end of the token is told before a link is used up, and no account is made by it', async () => {
  const { cli, link } = await start()
  const login = (expires: string) =>
    cli(['login', link, '--user', 'ines', '--password-stdin', '--expires', expires], `${password}\n`)
  for (const wrong of ['soon', '-1d', '2020-01-01'])
    expect((await login(wrong)).stderr, wrong).toContain('--expires')
  expect((await login('1d')).stdout).toContain('as ines')
}, 60_000)

test('a token that cannot be revoked is forgotten, and that is told', async () => {
  const away = { url: 'http://127.0.0.1:1', token: `lsh_${'a'.repeat(43)}`, id: 'abc', user: 'ines' }
  const home = await folderWith({ 'longshore/login.json': JSON.stringify(away) })
  const cli = (...args: string[]) => longshore(args, home, { XDG_CONFIG_HOME: home })
  const told = await cli('logout')
  expect(told).toMatchObject({ code: 0, stdout: 'The token for http://127.0.0.1:1 is forgotten here.\n' })
  expect(told.stderr).toContain('could not be revoked: abc')
  expect((await cli('logout', '--json')).stdout).toBe('{"forgotten":null,"revoked":false}\n')
}, 60_000)

test.runIf(process.platform === 'linux')(
  'a link cannot be read by the other accounts of the machine while the password is waited for',
  async () => {
    const { home, env, link } = await start()
    const asking = spawn(process.execPath, [bin, 'login', link, '--user', 'ines', '--password-stdin'], {
      cwd: home,
      env: environment(env),
    })
    onTestFinished(() => void asking.kill('SIGKILL'))
    const shown = () => readFile(`/proc/${asking.pid}/cmdline`, 'utf8')
    await until(
      async () => (await shown()).startsWith('longshore login'),
      () => 'its name',
    )
    expect(await shown()).not.toContain(new URL(link).hash.slice(1))
    asking.stdin.end(`${password}\n`)
    expect(await once(asking, 'close')).toEqual([0, null])
  },
  60_000,
)

test('a password that is typed is asked for and not shown', async () => {
  const { home, env, link } = await start()
  const terminal = onTerminal(['login', link], home, env)
  await terminal.says('Name: ')
  terminal.types('ines\n')
  for (const question of ['New password: ', 'Once more: ']) {
    await terminal.says(question)
    terminal.types(`${password}\n`)
  }
  expect(await terminal.ends()).toBe(0)
  expect(terminal.output).toContain('as ines')
  expect(terminal.output).not.toContain(password)
}, 60_000)

test.each([
  [['login', 'http://ship.example', '--user', 'ines'], 2, 'URL_PLAIN'],
  [['login', 'ftp://ship.example'], 2, 'URL_INVALID'],
  [['login', 'ship.example'], 2, 'URL_INVALID'],
  [['login', 'https://ship.example/other#secret'], 2, 'COMMAND_USAGE'],
  [['login', 'https://ship.example'], 2, '--user'],
  [['login', 'https://ship.example', '--user', 'ines'], 2, '--password-stdin'],
  [['login'], 2, 'url'],
])('%j is refused', async (args, code, said) => {
  const home = await folderWith({})
  const answer = await longshore(args, home, { XDG_CONFIG_HOME: home })
  expect(answer.code).toBe(code)
  expect(answer.stderr.toLowerCase()).toContain(said.toLowerCase())
})

test('what is kept and cannot be read is told, and forgotten by logout', async () => {
  const home = await folderWith({ 'longshore/login.json': '{"url":' })
  const cli = (...args: string[]) => longshore(args, home, { XDG_CONFIG_HOME: home })
  expect((await cli('ls')).stderr).toContain('LOGIN_BROKEN')
  await writeFile(join(home, 'longshore/login.json'), '{"url":"https://ship.example"}')
  expect((await cli('ls')).stderr).toContain('LOGIN_BROKEN')
  expect((await cli('logout')).code).toBe(0)
  expect((await cli('logout')).stdout).toContain('Nothing')
})
