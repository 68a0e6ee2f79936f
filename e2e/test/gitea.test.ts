import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Gitea, needs } from '@longshore/core/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort, longshoreAt } from './place.js'
import { until } from './until.mjs'

const secret = 'what Gitea shares with this host'

interface Status {
  status: string
  context: string
  description: string
  target_url: string
}

/** A Gitea with a repository `app`, a Longshore that follows it and looks of itself once a day, and a webhook from one to the other. */
async function place() {
  const gitea = await Gitea.start()
  onTestFinished(() => gitea.close())
  const url = await gitea.repository('app')
  const first = await gitea.write('app', 'version', 'one')
  const listen = `127.0.0.1:${await freePort()}`
  const longshore = await longshoreAt({ env: { LONGSHORE_LISTEN: listen } })
  const [key, token] = [join(longshore.folder, 'secret'), join(longshore.folder, 'token')]
  await writeFile(key, secret, { mode: 0o600 })
  await writeFile(token, gitea.token, { mode: 0o600 })
  const part = {
    secret: { secret: `file:${key}` },
    token: { secret: `file:${token}` },
    api: `${gitea.url}/api/v1`,
  }
  const run = { kind: 'command', up: ['test', '!', '-e', 'broken'] }
  await longshore.configure({
    services: { app: { source: { url, poll: '1d' }, run } },
    hooks: { gitea: part },
    web: { url: `http://${listen}` },
  })
  await longshore.start()
  await longshore.runs('app', first)
  const path = `/repos/${gitea.owner}/app`
  const address = `http://${listen}/api/v1/hooks/gitea`
  const config = { url: address, content_type: 'json', secret }
  await gitea.api('POST', `${path}/hooks`, { type: 'gitea', active: true, events: ['push'], config })
  const statuses = async (sha: string) =>
    (await gitea.api('GET', `${path}/commits/${sha}/statuses`)) as Status[]
  return { gitea, longshore, statuses }
}

describe('a real Gitea', needs('gitea'), () => {
  test('pushes a signed webhook, and shows what came of the commit', async () => {
    const { gitea, longshore, statuses } = await place()
    const sha = await gitea.write('app', 'version', 'two')
    await longshore.runs('app', sha)
    const [seen] = (await longshore.events('kind=commit.seen')).filter(({ commit }) => commit === sha)
    expect(seen.actor).toEqual({ kind: 'webhook', name: 'gitea' })
    const isDone = async () => (await statuses(sha)).some(({ status }) => status === 'success')
    await until('Gitea shows it', 60_000, isDone)
    const shown = await statuses(sha)
    const { deployment } = (await longshore.events('kind=deployment.settled')).at(-1)
    const context = `longshore/${longshore.host}/app`
    const target_url = `${longshore.url}/api/v1/deployments/${deployment}`
    expect(shown.map(({ status }) => status).sort()).toEqual(['pending', 'success'])
    for (const each of shown) expect(each).toMatchObject({ context, target_url })
    const combined = await gitea.api('GET', `/repos/${gitea.owner}/app/commits/${sha}/status`)
    expect(combined.state).toBe('success')
    const { body } = await longshore.ask('GET', '/hooks/deliveries')
    expect(body.items).toMatchObject([
      {
        forge: 'gitea',
        event: 'push',
        verdict: 'accepted',
        led: [{ service: 'app', commit: sha, deployment }],
      },
    ])
    expect(longshore.log).not.toContain(gitea.token)
  }, 240_000)

  test('is told of a commit that fails', async () => {
    const { gitea, longshore, statuses } = await place()
    const sha = await gitea.write('app', 'broken', 'yes')
    const failure = async () => (await statuses(sha)).find(({ status }) => status === 'failure')
    const shown = await until('Gitea shows it', 60_000, failure)
    expect(shown?.description).toMatch(/^\w+ on \S+: [A-Z_]+$/)
    const placement = await longshore.service('app')
    expect(placement.last).toMatchObject({ commit: { sha } })
  }, 240_000)
})
