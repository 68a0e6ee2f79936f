import { expect, test } from 'vitest'
import { folderWith, longshore, Serving } from './longshore.js'

const config = `version: 1
data: ./data
web: { listen: '127.0.0.1:0' }
`

test('accounts are made, listed, limited and reset; tokens are shown once, and revoked', async () => {
  const folder = await folderWith({ 'longshore.config.yaml': config })
  const cli = (...args: string[]) => longshore(args, folder)
  const serving = new Serving(['serve'], folder)
  await serving.line(
    /the first administrator, by this link, once: http:\/\/127\.0\.0\.1:\d+\/setup#[\w-]{43}/,
  )
  expect((await cli('user', 'ls')).stderr).toContain('longshore user add NAME --role admin')

  const password = 'nine herons on a wall'
  const added = await longshore(
    ['user', 'add', 'ines', '--role', 'admin', '--password-stdin'],
    folder,
    {},
    `${password}\n`,
  )
  expect(added).toMatchObject({ code: 0, stdout: 'ines: may sign in.\n' })
  const [, url] = /API answers at (\S+)\/api/.exec(serving.output)!
  const signedIn = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ines', password }),
  })
  expect(signedIn.status).toBe(201)
  expect((await cli('session', 'ls')).stdout).toMatch(/ines +127\.0\.0\.1/)

  expect((await cli('user', 'add', 'bob', '--services', 'web-*,team=blue')).stdout).toMatch(
    /\/link#[\w-]{43}/,
  )
  expect((await cli('user', 'ls')).stdout).toMatch(/bob +viewer +web-\* team=blue +link/)
  expect((await cli('user', 'change', 'bob', '--role', 'operator', '--services', 'all')).code).toBe(0)
  expect((await cli('user', 'ls')).stdout).toMatch(/bob +operator +all/)
  expect((await cli('user', 'remove', 'ines')).stderr).toContain('AUTH_LAST_ADMIN')
  expect((await cli('user', 'paint', 'bob')).code).toBe(2)
  expect((await cli('user', 'change', 'bob')).stderr).toContain('say what to change')
  expect((await cli('user', 'disable', 'bob')).stdout).toBe('bob: disabled.\n')

  const token = (await cli('token', 'create', 'ci', '--role', 'viewer', '--expires', '90d')).stdout.trim()
  expect(token).toMatch(/^lsh_[\w-]{43}$/)
  const elsewhere = { LONGSHORE_URL: url!, LONGSHORE_TOKEN: token }
  expect((await longshore(['ls'], folder, elsewhere)).code).toBe(0)
  expect((await longshore(['user', 'ls'], folder, elsewhere)).stderr).toContain('AUTH_FORBIDDEN')
  const listed = (await cli('token', 'ls')).stdout
  expect(listed).not.toContain(token)
  const [id] = /^\w{16}(?= +ci )/m.exec(listed)!
  expect((await cli('token', 'revoke', id)).code).toBe(0)
  expect((await longshore(['ls'], folder, elsewhere)).stderr).toContain('AUTH_NEEDED')
  const plain = { LONGSHORE_URL: 'http://ship.example', LONGSHORE_TOKEN: token }
  expect((await longshore(['ls'], folder, plain)).stderr).toContain('URL_PLAIN')
}, 60_000)
