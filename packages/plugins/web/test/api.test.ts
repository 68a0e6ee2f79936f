import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { LineLog, systemClock, UnavailableError } from '@longshore/core'
import { OutputLine } from '@longshore/core/protocol'
import { push, repository, startWeb } from './start.js'

const hanging = {
  services: { hello: { source: { url: repository }, run: { kind: 'fake', behave: 'hang' } } },
}

describe('the host', () => {
  it('answers probes, what it is and how everything stands', async () => {
    const web = await startWeb()
    expect((await web.ask('/livez')).json).toEqual({ ok: true })
    expect((await web.ask('/readyz')).json).toEqual({ ok: true })
    const info = (await web.ask('/api/v1/info')).json
    expect(info).toMatchObject({ host: 'test', url: `http://127.0.0.1:${web.port}` })
    expect(info.plugins.map(({ name }: { name: string }) => name)).toContain('web')
    await push(web)
    expect((await web.ask('/api/v1/overview')).json).toMatchObject({
      services: 1,
      states: { healthy: 1 },
      held: [],
    })
  })

  it('is not ready while a look of some plugin says so, and says which', async () => {
    const ill = {
      name: 'ill',
      setup: ({ doctor }: any) => doctor.add('disk', async () => ({ ok: false, say: 'the disk is full' })),
    }
    const web = await startWeb({ plugins: [ill] })
    const stranger = await web.ask('/readyz', { over: 'loopback', as: 'nobody' })
    expect(stranger.json.errors).toEqual(
      stranger.json.errors.map(({ path }: { path: string }) => ({ path, message: 'it is not well' })),
    )
    const { status, json } = await web.ask('/readyz')
    expect(status).toBe(503)
    expect(json).toMatchObject({
      code: 'WEB_NOT_READY',
      errors: [{ path: 'ill/disk', message: 'the disk is full' }],
    })
    expect((await web.ask('/livez')).status).toBe(200)
  })
})

describe('services', () => {
  it('are listed by name, page by page', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const service = (name: string) => [
      name,
      { source: { url: `https://git.example/${name}.git` }, run: { kind: 'fake' } },
    ]
    const web = await startWeb({ config: { services: Object.fromEntries(names.map(service)) } })
    const found: string[] = []
    for (let next: string | null = ''; next !== null;) {
      const { json } = await web.ask(`/api/v1/services?limit=2${next && `&cursor=${next}`}`)
      expect(json.items.length).toBeLessThanOrEqual(2)
      found.push(...json.items.map(({ name }: { name: string }) => name))
      next = json.next
    }
    expect(found).toEqual(names)
  })

  it('tell what ended before, and what can be gone back to, only of one', async () => {
    const web = await startWeb()
    await push(web, 'one')
    const { deployment } = await push(web, 'two')
    const { placements: whole } = (await web.ask('/api/v1/services/hello')).json
    const [listed] = (await web.ask('/api/v1/services')).json.items[0].placements
    expect(whole[0].kept).toHaveLength(2)
    expect(listed.kept).toBeUndefined()
    expect(listed.running).toEqual(whole[0].running)
    const ended = (each: { state: string; deployment?: string }) =>
      each.state === 'exited' && each.deployment !== deployment
    expect(whole[0].instances.some(ended)).toBe(true)
    expect(listed.instances).toEqual(whole[0].instances.filter((each: never) => !ended(each)))
  })

  it('show what runs and why it is not what should', async () => {
    const web = await startWeb()
    const { sha } = await push(web)
    const { json } = await web.ask('/api/v1/services/hello')
    expect(json).toMatchObject({
      name: 'hello',
      state: 'healthy',
      placements: [{ desired: sha, running: { commit: { sha } } }],
    })
    expect((await web.ask('/api/v1/services/nobody')).json).toMatchObject({
      status: 404,
      code: 'SERVICE_UNKNOWN',
    })
  })

  it('stop with a reason, stay stopped, and start again', async () => {
    const web = await startWeb()
    const { deployment } = await push(web)
    const refused = await web.ask('/api/v1/services/hello/stop', { method: 'POST' })
    expect(refused.json).toMatchObject({ status: 400, errors: [{ path: 'body.why' }] })

    const stopped = await web.ask('/api/v1/services/hello/stop', { method: 'POST', body: { why: 'noisy' } })
    expect(stopped.status).toBe(202)
    const event = await web.seen(({ kind }) => kind === 'hold.placed')
    expect(event).toMatchObject({
      seq: stopped.json.seq,
      why: 'noisy',
      actor: { kind: 'local', name: 'test' },
    })
    const held = (await web.ask('/api/v1/services/hello')).json
    expect(held.placements[0]).toMatchObject({
      hold: { why: 'noisy' },
      why: expect.stringContaining('noisy'),
    })

    for (const action of ['deploy', 'restart']) {
      const { status, json } = await web.ask(`/api/v1/services/hello/${action}`, { method: 'POST' })
      expect([status, json.code]).toEqual([409, 'SERVICE_HELD'])
    }
    const started = await web.ask('/api/v1/services/hello/start', {
      method: 'POST',
      body: { why: 'quiet again' },
    })
    expect(started.json.deployment).not.toBe(deployment)
    await web.seen(
      ({ kind, deployment: id }) => kind === 'deployment.settled' && id === started.json.deployment,
    )
  })

  it('are asked for on the host that is named', async () => {
    const web = await startWeb()
    await push(web)
    const elsewhere = await web.ask('/api/v1/services/hello/restart?host=moon', { method: 'POST' })
    expect(elsewhere.json).toMatchObject({ status: 404, code: 'SERVICE_UNKNOWN' })
    expect((await web.ask('/api/v1/services/hello/restart?host=test', { method: 'POST' })).status).toBe(202)
  })
})

describe('deployments', () => {
  it('are listed newest first, page by page', async () => {
    const web = await startWeb()
    const made = [await push(web, '1'), await push(web, '2'), await push(web, '3')].map(
      ({ deployment }) => deployment,
    )
    const first = (await web.ask('/api/v1/services/hello/deployments?limit=2')).json
    const second = (await web.ask(`/api/v1/services/hello/deployments?limit=2&cursor=${first.next}`)).json
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(made.toReversed())
    expect(second.next).toBeNull()
    expect((await web.ask(`/api/v1/deployments/${made[0]}`)).json).toMatchObject({ outcome: 'kept' })
    expect((await web.ask('/api/v1/services/hello/deployments?cursor=x')).status).toBe(400)
    expect((await web.ask('/api/v1/deployments/0000000000000000')).json.code).toBe('DEPLOYMENT_UNKNOWN')
    expect((await web.ask('/api/v1/deployments/short')).json.errors[0].path).toBe('path.deployment')
  })

  it('tell what they printed, as text and as lines', async () => {
    const web = await startWeb()
    const { deployment } = await push(web)
    const text = await web.ask(`/api/v1/deployments/${deployment}/output`)
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(text.text).toContain('hello\nworld\n')
    const accept = { accept: 'application/x-ndjson' }
    const lines = await web.ask(`/api/v1/deployments/${deployment}/output`, { headers: accept })
    const said = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => OutputLine.parse(JSON.parse(line)))
    expect(said).toContainEqual(expect.objectContaining({ stream: 'stdout', text: 'world' }))
    expect((await web.ask('/api/v1/deployments/0000000000000000/output')).status).toBe(404)
  })

  it('say how many of the lines that they printed are gone', async () => {
    const web = await startWeb()
    const { deployment } = await push(web)
    const path = `/api/v1/deployments/${deployment}/output`
    const before = (await web.ask(path)).text.split('\n').length - 1
    const directory = join(web.data, 'output', deployment)
    const log = await LineLog.open(directory, { segmentBytes: 1000, segments: 2, clock: systemClock })
    for (let number = 0; number < 500; number++) await log.write('stdout', `${number}\n`)
    await log.close()
    const [mark, first] = (await web.ask(path)).text.split('\n')
    const gone = before + Number(first)
    expect(mark).toBe(`[${gone} lines are gone]`)
    const lines = await web.ask(path, { headers: { accept: 'application/x-ndjson' } })
    expect(JSON.parse(lines.text.split('\n')[0]!)).toEqual({ skipped: gone })
  })

  it('are followed until they settle, and cancelled', async () => {
    const web = await startWeb({ config: hanging })
    web.git.commit(repository, 'main', { a: '1' })
    const { deployment } = await web.seen(({ kind }) => kind === 'deployment.started')
    const following = web.ask(`/api/v1/deployments/${deployment}/output?follow=1`)
    const cancelled = await web.ask(`/api/v1/deployments/${deployment}/cancel`, {
      method: 'POST',
      body: { why: 'wrong one' },
    })
    expect(cancelled.status).toBe(202)
    expect((await following).status).toBe(200)
    const again = await web.ask(`/api/v1/deployments/${deployment}/cancel`, { method: 'POST' })
    expect([again.status, again.json.code]).toEqual([409, 'DEPLOYMENT_SETTLED'])
  })
})

describe('a follower', () => {
  it('may be there before the turn of what was asked for', async () => {
    const web = await startWeb()
    await push(web)
    for (const action of ['restart', 'deploy', 'restart']) {
      const { json } = await web.ask(`/api/v1/services/hello/${action}`, { method: 'POST' })
      const output = await web.ask(`/api/v1/deployments/${json.deployment}/output?follow=1`)
      expect([output.status, output.text]).toEqual([200, expect.stringContaining('world')])
    }
  })

  it('that leaves is no error of Longshore', async () => {
    let asked = 0
    const waiting = {
      name: 'waiting',
      setup: ({ routes }: any) =>
        routes.add({ method: 'GET', path: '/wait', summary: '', right: 'services:read' }, () => {
          asked++
          return new Promise(() => {})
        }),
    }
    const web = await startWeb({ plugins: [waiting] })
    const life = new AbortController()
    const left = request({ socketPath: web.socket, path: '/api/v1/wait', signal: life.signal }).end()
    const gone = once(left, 'error')
    await expect.poll(() => asked).toBe(1)
    life.abort()
    await gone
    const said = () => web.log.map((line) => JSON.parse(line) as { level: string; msg: string })
    await expect.poll(() => said().filter(({ msg }) => msg === 'answered')).toHaveLength(1)
    await expect.poll(() => said().some(({ msg }) => msg.includes('nobody waits'))).toBe(true)
    expect(said().filter(({ level }) => level === 'error')).toEqual([])
  })

  it('for what is not to be had now is answered, and no error of Longshore either', async () => {
    const away = {
      name: 'away',
      setup: ({ routes }: any) =>
        routes.add({ method: 'GET', path: '/away', summary: '', right: 'services:read' }, async () => {
          throw new UnavailableError('AWAY', 'it is away')
        }),
    }
    const web = await startWeb({ plugins: [away] })
    expect((await web.ask('/api/v1/away')).status).toBe(503)
    const said = web.log.map((line) => JSON.parse(line) as { level: string; msg: string })
    expect(said.find(({ msg }) => msg === 'a request failed')).toMatchObject({ level: 'warn' })
  })
})

describe('routes of other plugins', () => {
  const adding = (name: string, path: string, params?: z.ZodType) => ({
    name,
    setup: ({ routes }: any) =>
      routes.add({ method: 'GET', path, summary: '', right: 'services:read', params }, async () => ({
        by: name,
      })),
  })
  const thing = z.strictObject({ thing: z.string() })

  it('are served beside the core’s, a fixed word before a parameter', async () => {
    const web = await startWeb({
      plugins: [adding('wide', '/things/:thing', thing), adding('exact', '/things/mine')],
    })
    expect((await web.ask('/api/v1/things/mine')).json).toEqual({ by: 'exact' })
    expect((await web.ask('/api/v1/things/yours')).json).toEqual({ by: 'wide' })
  })

  it('are refused at the start when two would answer the same', async () => {
    const twins = [adding('one', '/things/:thing', thing), adding('two', '/things/:other', thing)]
    await expect(startWeb({ plugins: twins })).rejects.toMatchObject({ code: 'WEB_ROUTE_TWICE' })
    await expect(startWeb({ plugins: [adding('odd', '/a*')] })).rejects.toMatchObject({
      code: 'WEB_ROUTE_INVALID',
    })
  })

  it('fail without telling the inside, or taking the rest along', async () => {
    const failing = {
      name: 'failing',
      setup: ({ routes }: any) =>
        routes.add({ method: 'GET', path: '/fails', summary: '', right: 'services:read' }, async () => {
          throw new Error('the password is hunter2')
        }),
    }
    const web = await startWeb({ plugins: [failing] })
    const { status, text, json } = await web.ask('/api/v1/fails')
    expect([status, json.code]).toEqual([500, 'INTERNAL'])
    expect(text).not.toContain('hunter2')
    expect((await web.ask('/livez')).status).toBe(200)
  })
})
