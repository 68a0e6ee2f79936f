import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answer, freePort, gitPlace, longshoreAt } from './place.js'
import { allProcesses } from './processes.mjs'
import { until } from './until.mjs'

const app = {
  'server.mjs': [
    "import { createHash } from 'node:crypto'",
    "import { createServer } from 'node:http'",
    "const hash = (text) => createHash('sha256').update(text).digest('hex')",
    'createServer((_, response) => response.end(hash(process.env.DB))).listen(Number(process.env.PORT))',
  ].join('\n'),
}

test('a credential and a secret of the environment are seen by git and by the service, and nowhere else', async () => {
  const { git, repository, url } = await gitPlace()
  const password = `pass-${randomBytes(12).toString('hex')}`
  const database = `data-${randomBytes(12).toString('hex')}`
  git.manners.auth = { username: 'bot', password }
  const sha = await repository.commit('main', app)
  const port = await freePort()
  const env = { PORT: String(port), DB: { secret: 'env:APP_DB' } }
  const longshore = await longshoreAt({
    credentials: { forge: { kind: 'https', username: 'bot', password: { secret: 'env:FORGE_TOKEN' } } },
    services: {
      app: {
        source: { url, poll: '500ms', credential: 'forge' },
        run: { kind: 'command', up: ['node', 'server.mjs'], keepAlive: true, env },
      },
    },
    env: { LONGSHORE_LOG: 'debug', FORGE_TOKEN: 'stale', APP_DB: database },
  })
  const forms = [password, database, Buffer.from(`bot:${password}`).toString('base64')]
  const seen = watchProcesses(forms)

  await longshore.start()
  const refused = await longshore.until('app', 'is not let in', ({ unreachable }) => unreachable)
  expect(refused.unreachable.code).toBe('GIT_AUTH')
  await longshore.stop()
  longshore.env['FORGE_TOKEN'] = password
  await longshore.start()
  await longshore.runs('app', sha)
  const hash = createHash('sha256').update(database).digest('hex')
  await until('the service has its secret', 30_000, async () => (await answer(port)) === hash)
  await longshore.runs('app', await repository.commit('main', { ...app, more: 'x' }))
  const { looks, inArguments, inEnvironments } = seen.end()
  expect(looks).toBeGreaterThan(20)
  expect(inArguments).toEqual([])
  expect(inEnvironments).toEqual([])

  const { body: deployments } = await longshore.ask('GET', '/services/app/deployments')
  const answers = [
    await longshore.events(),
    deployments,
    (await longshore.ask('GET', '/services')).body,
    (await longshore.ask('GET', `/deployments/${deployments.items[0].id}/output`)).body,
    (await longshore.ask('GET', '/info')).body,
    longshore.log,
  ]
  expect(await longshore.stop()).toBe(0)
  const kept = [JSON.stringify(answers), ...(await contents(longshore.data))]
  for (const form of forms) expect(kept.filter((text) => text.includes(form))).toEqual([])
}, 180_000)

/** Looks at every process until told to end: whose arguments hold one of the texts, and which git's environment does. */
function watchProcesses(texts: string[]) {
  const found = { looks: 0, inArguments: new Set<string>(), inEnvironments: new Set<string>() }
  const look = () => {
    found.looks++
    for (const { command, env } of allProcesses()) {
      const holds = (text: string) => texts.some((each) => text.includes(each))
      if (holds(command)) found.inArguments.add(command)
      if (/^\S*git\b/.test(command) && holds(JSON.stringify(env))) found.inEnvironments.add(command)
    }
  }
  const timer = setInterval(look, 5)
  return {
    end: () => {
      clearInterval(timer)
      return { ...found, inArguments: [...found.inArguments], inEnvironments: [...found.inEnvironments] }
    },
  }
}

async function contents(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const read = files
    .filter((file) => file.isFile())
    .map(async ({ parentPath, name }) => (await readFile(join(parentPath, name))).toString('latin1'))
  return Promise.all(read)
}
