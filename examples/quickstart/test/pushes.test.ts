import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request, type OutgoingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder, gitIn, newcomer, Run } from './run.js'

test('only this account pushes, and no page of a browser reaches the repository', async () => {
  const home = await folder()
  const { git } = newcomer(home)
  const run = new Run(home)
  await run.ready()
  const url = git('remote', 'get-url', 'origin')
  const head = git('rev-parse', 'HEAD')
  const login = readFileSync(join(home, 'push.gitconfig'), 'utf8')
  const authorization = /Authorization: (Basic [\w+/=]+)/.exec(login)![1]!
  const now = () => gitIn(join(home, 'git/hello.git'), 'rev-parse', 'main')

  await refusesStrangers(url, head)
  for (const allowed of [{}, { authorization }]) await refusesPages(url, allowed)
  expect(now()).toBe(head)

  // The newcomer's own push is the plain one, and what it is let in by is nobody else's to read.
  git('commit', '--quiet', '--allow-empty', '--message', 'Mine')
  git('push', '-q')
  expect(now()).toBe(git('rev-parse', 'HEAD'))
  const basic = authorization.slice('Basic '.length)
  const password = Buffer.from(basic, 'base64').toString().split(':')[1]!
  expect(password.length).toBeGreaterThan(30)
  expect(filesWith(home, basic, password)).toEqual(['push.gitconfig 600'])
  await run.interrupt()
}, 120_000)

/** Another account of the machine: it may read, as it may read the API. */
async function refusesStrangers(url: string, head: string): Promise<void> {
  const clone = join(await folder(), 'clone')
  gitIn('/', 'clone', '--quiet', url, clone)
  writeFileSync(join(clone, 'server.mjs'), 'console.log("not yours")')
  gitIn(clone, 'commit', '--quiet', '--all', '--message', 'Not yours')
  expect(() => gitIn(clone, 'push', '--quiet')).toThrow(/Authentication failed|could not read Username/)
  const guess = url.replace('//', '//newcomer:guess@')
  expect(() => gitIn(clone, 'push', '--quiet', guess, 'main')).toThrow(/Authentication failed/)

  const line = `${head} ${'0'.repeat(40)} refs/heads/main\0 report-status\n`
  const body = `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`
  const ways = ['/git-receive-pack', '//git-receive-pack', '/./git-receive-pack', '/x/../git-receive-pack']
  for (const path of ways) expect([401, 403], path).toContain(await statusOf(`${url}${path}`, {}, body))
  for (const query of [
    'service=git-receive-pack',
    'service=git%2Dreceive-pack',
    'a&service=git-receive-pack',
  ])
    expect([401, 403], query).toContain(await statusOf(`${url}/info/refs?${query}`, {}))
}

/** A page of another site, by an address of its own that leads here, or by ours. */
async function refusesPages(url: string, allowed: OutgoingHttpHeaders): Promise<void> {
  const { port } = new URL(url)
  const names = ['evil.example', `evil.example:${port}`, '127.0.0.1', '127.0.0.1:1', `127.0.0.1.evil:${port}`]
  const pages = ['http://evil.example', `http://evil.example:${port}`, 'null', `http://127.0.0.1:${port}`]
  for (const service of ['git-upload-pack', 'git-receive-pack']) {
    const ask = (headers: OutgoingHttpHeaders) =>
      statusOf(`${url}/info/refs?service=${service}`, { ...allowed, ...headers })
    for (const host of names) expect(await ask({ host }), host).toBe(421)
    for (const origin of pages) expect(await ask({ origin }), origin).toBe(403)
  }
}

/** The status that a request to the git server is answered with. */
function statusOf(url: string, headers: OutgoingHttpHeaders, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { 'content-type': 'application/x-git-receive-pack-request' }
    const sent = request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...type, ...headers },
    })
    sent.on('response', (response) => resolve(response.resume().statusCode!)).on('error', reject)
    sent.end(body)
  })
}

/** The files of the folder, with their modes, that hold one of the texts. */
function filesWith(home: string, ...texts: string[]): string[] {
  const entries = readdirSync(home, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const found = files.filter((file) => texts.some((text) => readFileSync(file, 'latin1').includes(text)))
  return found.map((file) => `${file.slice(home.length + 1)} ${(statSync(file).mode & 0o777).toString(8)}`)
}
