import { Contributions } from '@longshore/core'
import { routeRequest } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { healthRoutes, type ChecksView } from '../src/protocol.js'
import { ill, live, start, type Scripted } from './longshore.js'

const ready = { kind: 'script', name: 'ready', every: '2s', unhealthyAfter: 2 }

async function ask(kernel: Scripted, query: object = {}, service = 'hello'): Promise<ChecksView> {
  const { routes } = kernel.kernel.get(Contributions)
  const route = routes.find(({ shape }) => shape.path === healthRoutes.checks.path)!
  const asked = { params: { service }, query: healthRoutes.checks.query!.parse(query) }
  const answer = await route.handler(routeRequest(asked))
  return healthRoutes.checks.response!.parse(answer)
}

describe('what is answered about checks', () => {
  it('is what they say now, what they said, and how each commit fared', async () => {
    const kernel = await start({ checks: [ready] })
    const first = kernel.commit()
    await kernel.settles(first)
    await live(kernel.clock, 60_000)
    kernel.script.says.set('ready', ill)
    await live(kernel.clock, 20_000)
    const { checks, commit, step, paused } = await ask(kernel)
    expect({ commit, step, paused }).toEqual({ commit: first, step: 300_000, paused: undefined })
    const [check] = checks
    expect(check).toMatchObject({
      name: 'ready',
      kind: 'script',
      target: 'script',
      state: 'unhealthy',
      reason: 'it answers 503',
      last: { state: 'unhealthy', say: 'it answers 503' },
      looks: 41,
      missed: 0,
    })
    expect(check!.uptime['24h']).toBeCloseTo(31 / 41, 5)
    expect(check!.uptime['30d']).toBeCloseTo(31 / 41, 5)
    expect(check!.steps).toMatchObject([{ healthy: 31, ill: 10, unknown: 0, missed: 0 }])
    expect(check!.commits).toMatchObject([{ sha: first, subject: 'Change', looks: 41, ills: [{}, {}, {}] }])
  })

  it('says why nothing is looked at', async () => {
    const kernel = await start({ checks: [ready] })
    expect(await ask(kernel)).toMatchObject({
      paused: 'nothing runs',
      checks: [{ state: 'unknown', uptime: {} }],
    })
    await kernel.settles(kernel.commit())
    const actor = { kind: 'local', name: 'ines' } as const
    await kernel.flow.request({ kind: 'stop', service: 'hello', host: 'test', actor, why: 'rest' } as never)
    expect(await ask(kernel)).toMatchObject({ paused: 'the service is held', checks: [{ state: 'unknown' }] })
  })

  it('holds no secret', async () => {
    const http = {
      kind: 'http',
      url: 'http://127.0.0.1:1/ready?token=s3cret#s3cret',
      headers: { authorization: { secret: 'fake:token' } },
    }
    const kernel = await start({ checks: [http] })
    const answer = await ask(kernel)
    expect(answer.checks[0]!.target).toBe('GET http://127.0.0.1:1/ready?…')
    expect(JSON.stringify(answer)).not.toContain('s3cret')
  })

  it('is told in hours for more than a day', async () => {
    const kernel = await start({ checks: [ready] })
    await kernel.settles(kernel.commit())
    expect((await ask(kernel, { window: '30d' })).step).toBe(3_600_000)
    expect(() => healthRoutes.checks.query!.parse({ window: '31d' })).toThrow()
    expect(() => healthRoutes.checks.query!.parse({ windows: '1d' })).toThrow()
  })

  it('is a refusal for a service that nobody knows, and an empty list for one without checks', async () => {
    const kernel = await start()
    await expect(ask(kernel, {}, 'nobody')).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' })
    expect((await ask(kernel)).checks).toEqual([])
  })
})
