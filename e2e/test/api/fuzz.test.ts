import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { needs, schemathesisBinary } from '@longshore/core/testkit'
import { expect, test } from 'vitest'
import { signedIn, stage, type Client, type Stage } from './stage.js'

const config = fileURLToPath(new URL('schemathesis.toml', import.meta.url))

/** What is not asked: a stream that does not end, and what writes wherever it is told to. */
const never = ['get /api/v1/events/stream', 'post /api/v1/backups']
/** What can sign out whoever asks: the fuzzer learns the ids of what is there, its own among them. */
const leaving = [
  'delete /api/v1/session',
  'delete /api/v1/sessions/{id}',
  'put /api/v1/users/{user}',
  'delete /api/v1/users/{user}',
  'post /api/v1/users/{user}/reset',
]

interface Parameter {
  name: string
  in: string
  schema: object
}

test(
  'a fuzzer finds no fault of the server, and no answer that breaks its schema',
  { ...needs('schemathesis'), timeout: 240_000 },
  async () => {
    const at = await stage({ env: { LONGSHORE_LOG: 'error' } })
    await signedIn(at, 'dora', { role: 'operator' })
    const other = await signedIn(at, 'otto', { role: 'admin' })
    const most = await fuzz(at, at.admin, (name) => ![...never, ...leaving].includes(name))
    expect(most.code, most.said).toBe(0)
    expect(most.said, 'it stayed signed in').not.toContain('Authentication failed')
    const rest = await fuzz(at, other, (name) => leaving.includes(name))
    expect(rest.code, rest.said).toBe(0)
    expect(at.longshore.log, 'nothing failed that is not told').toBe('')
    expect((await at.admin.ask('GET', '/readyz')).status).toBe(200)
  },
)

/** The product's own document, with names of what is there among those that fit, so that more than a 404 is seen. */
async function documentOf(
  { admin, longshore, shas }: Stage,
  wanted: (name: string) => boolean,
): Promise<object> {
  const document = await admin.get('GET', '/api/v1/openapi.json')
  const { last } = await longshore.service('app')
  const there: Record<string, string[]> = {
    service: ['app', 'spare', 'waits'],
    commit: [...shas],
    deployment: [last.id],
    user: ['dora'],
    forge: ['github'],
  }
  for (const [path, item] of Object.entries<Record<string, { parameters?: Parameter[] }>>(document.paths))
    for (const [method, operation] of Object.entries(item)) {
      if (!wanted(`${method} ${path}`)) delete item[method]
      // With it an answer goes on until something happens.
      const ending = operation.parameters?.filter(({ name }) => name !== 'follow')
      operation.parameters = ending?.map((each) =>
        each.in === 'path' && there[each.name]
          ? { ...each, schema: { anyOf: [{ enum: there[each.name] }, each.schema] } }
          : each,
      )
    }
  return document
}

async function fuzz(
  at: Stage,
  by: Client,
  wanted: (name: string) => boolean,
): Promise<{ code: number; said: string }> {
  const document = join(at.longshore.folder, 'openapi.json')
  await writeFile(document, JSON.stringify(await documentOf(at, wanted)))
  const headers = Object.entries(by.headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
  const args = ['--config-file', config, 'run', document, '--url', at.url, ...headers]
  const child = spawn(schemathesisBinary()!, args, {
    cwd: at.longshore.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 180_000,
    killSignal: 'SIGKILL',
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = await once(child, 'close')
  return { code, said: said.slice(-20_000) }
}
