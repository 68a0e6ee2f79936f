import { readFile } from 'node:fs/promises'
import { needs } from '@longshore/core/testkit'
import { describe, expect, test } from 'vitest'
import { freePort, gitPlace, longshoreAt, webApp, webService } from './place.js'
import { lint, Prometheus } from './prometheus.js'
import { until } from './until.mjs'

const readme = new URL('../../packages/plugins/metrics/README.md', import.meta.url)
const secrets = { IN_A_STORE: 'hunter2-of-the-store', PLAINLY: 'plainly-in-the-config' }

/** The services `hello`, which is checked and has secrets in its environment, and `lost`, of which nothing can be read. */
async function place() {
  const { repository, url } = await gitPlace()
  const port = await freePort()
  const service = webService(url, port) as { run: { env: object } }
  const env = { ...service.run.env, A: { secret: 'env:IN_A_STORE' }, B: secrets.PLAINLY }
  const checks = [{ kind: 'http', url: `http://127.0.0.1:${port}/`, every: '1s' }]
  const hello = { ...service, run: { ...service.run, env }, checks }
  const lost = webService(`http://127.0.0.1:${await freePort()}/none.git`, await freePort())
  const longshore = await longshoreAt({ services: { hello, lost }, env: { IN_A_STORE: secrets.IN_A_STORE } })
  const page = async () => (await fetch(`${longshore.url}/metrics`)).text()
  return { repository, longshore, page }
}

/** A token that reads what is told here, and nothing else. */
async function tokenOf(longshore: Awaited<ReturnType<typeof place>>['longshore']): Promise<string> {
  const { stdout } = await longshore.cli('token', 'create', 'scraper', '--rights', 'metrics:read')
  return stdout.trim()
}

/** The metrics of a page by name, Node's apart. */
function metricsOf(page: string): Map<string, { type: string; help: string; labels: Set<string> }> {
  const found = new Map<string, { type: string; help: string; labels: Set<string> }>()
  for (const [, name, help] of page.matchAll(/^# HELP (longshore_\w+) (.*)$/gm)) {
    const [, type] = new RegExp(`^# TYPE ${name} (\\w+)$`, 'm').exec(page)!
    const part = type === 'histogram' ? '_(?:bucket|sum|count)' : ''
    const samples = page.matchAll(new RegExp(`^${name}${part}\\{([^}]*)\\}`, 'gm'))
    const labels = [...samples].flatMap(([, said]) =>
      [...said!.matchAll(/(\w+)="/g)].map(([, label]) => label!),
    )
    found.set(name!, { type: type!, help: help!, labels: new Set(labels.filter((label) => label !== 'le')) })
  }
  return found
}

describe('the metrics of a host', () => {
  test(
    'are scraped by Prometheus, which counts what was deployed',
    { ...needs('prometheus'), timeout: 240_000 },
    async () => {
      const { repository, longshore, page } = await place()
      await longshore.start()
      const prometheus = await Prometheus.start(new URL(longshore.url).host)
      await prometheus.says('up{job="longshore"}', 1)
      const first = await repository.commit('main', webApp('one'))
      await longshore.runs('hello', first)
      await prometheus.says('longshore_services{state="healthy"}', 1)
      await prometheus.says('longshore_services{state="unknown"}', 1)
      await prometheus.says('longshore_service_state{service="hello",state="healthy"}', 1)
      await prometheus.says('longshore_checks{service="hello",verdict="healthy"}', 1)
      await prometheus.says('longshore_source_reachable{service="lost"}', 0)
      await prometheus.says('longshore_deployments_total{service="hello",outcome="kept"}', 1)

      const second = await repository.commit('main', webApp('two'))
      await longshore.runs('hello', second)
      await prometheus.says('longshore_deployments_total{service="hello",outcome="kept"}', 2)
      await prometheus.says('longshore_deployment_duration_seconds_count{outcome="kept"}', 2)
      await longshore.cli('stop', 'hello', '--why', 'for the night')
      await prometheus.says('longshore_services_held', 1)
      for (const result of ['ok', 'failed']) {
        const [looks] = await prometheus.query(`longshore_git_looks_total{result="${result}"}`)
        expect(looks!.value).toBeGreaterThan(1)
      }
      const [scrapes] = await prometheus.query('longshore_http_requests_total{route="/metrics",status="2xx"}')
      expect(scrapes!.value).toBeGreaterThan(1)
      expect(lint(await page())).toBe('')
    },
  )

  test('tell no secret, and nothing that a client sent', async () => {
    const { repository, longshore, page } = await place()
    const sha = await repository.commit('main', webApp('one'))
    await longshore.start()
    await longshore.runs('hello', sha)
    const token = await tokenOf(longshore)
    await page()
    for (const path of [
      '/api/v1/services/sent-by-me',
      '/sent-by-me',
      '/livez?sent-by-me',
      '/api/v1/%2e%2e/sent-by-me',
    ])
      for (const method of ['GET', 'DELETE', 'SENT-BY-ME', 'PROPFIND'])
        await fetch(`${longshore.url}${path}`, { method, headers: { 'user-agent': 'sent-by-me' } }).catch(
          () => undefined,
        )
    const text = await until('the requests are counted', 30_000, async () => {
      const found = await page()
      return (
        found.includes('longshore_http_requests_total{method="other",route="none",status="4xx"}') && found
      )
    })
    expect(text).toContain('route="/api/v1/services/:service",status="4xx"')
    const { url } = (JSON.parse(await readFile(longshore.config, 'utf8')) as any).services.hello.source
    for (const kept of [token, ...Object.values(secrets), 'sent-by-me', 'PROPFIND', String(url), sha])
      expect(text).not.toContain(kept)
  }, 120_000)

  test('are for whoever is on this machine, and behind a proxy for whoever shows a token', async () => {
    const { longshore } = await place()
    await longshore.start()
    const token = await tokenOf(longshore)
    const ask = async (headers: Record<string, string>) => fetch(`${longshore.url}/metrics`, { headers })
    const proxied = { 'x-forwarded-for': '203.0.113.9' }
    const open = await ask({})
    expect([open.status, open.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    expect((await ask(proxied)).status).toBe(401)
    expect((await ask({ ...proxied, authorization: `Bearer ${token}` })).status).toBe(200)
    expect((await ask({ authorization: 'Bearer wrong' })).status).toBe(401)
    expect((await ask({ origin: 'https://evil.example' })).status).toBe(403)
  }, 60_000)

  test('are those that the README lists', async () => {
    const { repository, longshore, page } = await place()
    const sha = await repository.commit('main', webApp('one'))
    await longshore.start()
    await longshore.runs('hello', sha)
    const found = metricsOf(await page())
    const rows = [
      ...(await readFile(readme, 'utf8')).matchAll(
        /^\| `(longshore_\w+)` +\| (\w+) +\| (.*?) *\| (.*?) *\|$/gm,
      ),
    ]
    const listed = rows.map(([, name, type, labels, help]) => ({ name, type, help, labels: labels! }))
    expect(listed.map(({ name, type, help }) => `${name} ${type} ${help}`).sort()).toEqual(
      [...found].map(([name, { type, help }]) => `${name} ${type} ${help}`).sort(),
    )
    for (const { name, labels } of listed) {
      const named = [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label!)
      // Of what did not happen here there is no value, so no label.
      const { labels: seen } = found.get(name!)!
      if (seen.size > 0 || named.length === 0) expect([...seen].sort(), name).toEqual(named.sort())
    }
  }, 120_000)
})
