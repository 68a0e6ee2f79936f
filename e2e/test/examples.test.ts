import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { composeBinary, DockerEngine, needs, testImage, type GitRepository } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { gitPlace, longshoreAt } from './place.js'
import { until } from './until.mjs'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))

/** What an example has in its repository, by path. */
function treeOf(example: string): Record<string, string> {
  const root = join(examples, example, 'app')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(root, path)).isFile(),
  )
  return Object.fromEntries(
    files.map((path) => [relative('.', path), readFileSync(join(root, path), 'utf8')]),
  )
}

describe('the examples run as they are, but for what no test can have: another registry and another forge', () => {
  let docker: DockerEngine
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())

  const answers = (text: string) =>
    until(`it answers ${text}`, 60_000, async () =>
      (
        await docker.inside('busybox', 'wget', '-q', '-O', '-', 'http://127.0.0.1:8080/').catch(() => '')
      ).includes(text),
    )
  async function run(example: string, service: string) {
    const { repository, url } = await gitPlace(service)
    const text = readFileSync(join(examples, example, 'longshore.config.yaml'), 'utf8')
    const config = parse(text.replaceAll('busybox:1.36', testImage)) as { services: Record<string, any> }
    config.services[service].source = { ...config.services[service].source, url, poll: '500ms' }
    const longshore = await longshoreAt({
      ...config,
      data: undefined,
      docker: { host: docker.host, compose: composeBinary() },
    })
    await longshore.start()
    return { longshore, repository }
  }
  const push = (repository: GitRepository, example: string, page: string, text: string) =>
    repository.commit('main', { ...treeOf(example), [page]: text })

  test(
    'dockerfile: built, replaced by a push, and kept by a commit that does not build',
    { ...needs('docker'), timeout: 180_000 },
    async () => {
      const { longshore, repository } = await run('dockerfile', 'site')
      await longshore.runs('site', await repository.commit('main', treeOf('dockerfile')))
      await answers('Hello from a Dockerfile')
      const second = await push(repository, 'dockerfile', 'site/index.html', 'The second page')
      await longshore.runs('site', second)
      await answers('The second page')
      await push(repository, 'dockerfile', 'Dockerfile', 'FROM scratch\nCOPY nothing /\n')
      await until('the third has failed', 60_000, async () => {
        const { body } = await longshore.ask('GET', '/services/site')
        return body.placements[0].last?.outcome === 'failed'
      })
      await answers('The second page')
      await longshore.ask('POST', '/services/site/stop', { why: 'the example ends' })
      await until('nothing of it runs', 30_000, async () => !(await docker.docker('ps', '--quiet')))
    },
  )

  test(
    'compose: what did not change goes on, and the volume outlives a stop',
    { ...needs('compose'), timeout: 180_000 },
    async () => {
      const { longshore, repository } = await run('compose', 'shop')
      await longshore.runs('shop', await repository.commit('main', treeOf('compose')))
      await answers('Hello from compose')
      const counter = () =>
        docker.docker('ps', '--quiet', '--no-trunc', '--filter', 'label=com.docker.compose.service=counter')
      const before = await counter()
      const shown = (await longshore.cli('show', 'shop')).stdout
      expect(shown.match(/^instance +(\S+) [0-9a-f]{12} running /gm)).toHaveLength(2)
      expect(shown).toMatch(/instance +counter-1 .*\ninstance +web-1 /)
      await until('a line says which container printed it', 30_000, async () =>
        /^web-1 +\| /m.test((await longshore.cli('logs', 'shop')).stdout),
      )
      const counted = (await longshore.cli('logs', 'shop', '--instance', 'web-1', '--json')).stdout
      const names = new Set(
        counted
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { name: string }).name),
      )
      expect(names).toEqual(new Set(['web-1']))
      const changed = treeOf('compose')['compose.yaml']!.replace("page: '1'", "page: '2'")
      const second = await repository.commit('main', {
        ...treeOf('compose'),
        'compose.yaml': changed,
        'page/index.html': 'The second page',
      })
      await longshore.runs('shop', second)
      await answers('The second page')
      expect(await counter()).toBe(before)
      await longshore.ask('POST', '/services/shop/stop', { why: 'the example ends' })
      await until('nothing of it runs', 30_000, async () => !(await docker.docker('ps', '--quiet')))
      expect(await docker.docker('volume', 'ls', '--quiet')).toContain('numbers')
    },
  )
})
