import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { needs } from '@longshore/core/testkit'
import type { Browser, Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort, gitPlace, longshoreAt } from '../place.js'
import { becomeAdmin, openTab, startChromium } from './chromium.js'

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const sizes = { phone: 360, tablet: 768, desk: 1440, wall: 2560 }
const pages = ['/', '/services', '/events', '/services?filter=state:held', '/nowhere']

describe('the pages', needs('chromium'), () => {
  let script: string
  beforeAll(async () => void (script = await readFile(axe, 'utf8')))

  /** What axe finds against WCAG 2.2 AA, with where. */
  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(script)
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { violations } = await page.evaluate<AxeResults>(`axe.run({ runOnly: ${JSON.stringify(tags)} })`)
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`))
  }

  const overflow = (page: Page) =>
    page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

  test('are for everybody, in both colours, and fit every screen', async () => {
    const { url, link } = await withTrouble()
    const browser = await startChromium()
    const state = await signedIn(browser, url, link)
    const wrong: string[] = []
    for (const colorScheme of ['dark', 'light'] as const)
      for (const [size, width] of Object.entries(sizes)) {
        const viewport = { width, height: 900 }
        const { page } = await openTab(browser, url, { colorScheme, viewport, storageState: state })
        const outside = await openTab(browser, url, { colorScheme, viewport })
        for (const [at, path] of [...pages.map((each) => [page, each]), [outside.page, '/sign-in']] as [
          Page,
          string,
        ][]) {
          await at.goto(path)
          await at.getByRole('heading', { level: 1 }).waitFor()
          if (path === '/') await at.getByText('docs-site').first().waitFor()
          if (path === '/events')
            await at
              .getByRole('button', { name: /settled/ })
              .first()
              .click()
          const found = await violations(at)
          wrong.push(...found.map((each) => `${path} ${size} ${colorScheme}: ${each}`))
          if ((await overflow(at)) > 0)
            wrong.push(`${path} ${size} ${colorScheme}: it is wider than the screen`)
        }
        await page.context().close()
        await outside.page.context().close()
      }
    expect(wrong).toEqual([])
  }, 240_000)
})

/** A Longshore with a service in most of the states. */
async function withTrouble() {
  const { repository, url: source } = await gitPlace()
  const at = { source: { url: source, ref: 'main', poll: '500ms' } }
  const lasts = { kind: 'command', up: ['sleep', '1000'], keepAlive: true }
  const longshore = await longshoreAt({
    env: { LONGSHORE_LISTEN: `127.0.0.1:${await freePort()}` },
    services: {
      gateway: { ...at, run: lasts },
      'a-service-with-a-name-that-is-as-long-as-any-name-of-one-may-be': { ...at, run: lasts },
      thumbnailer: { ...at, run: lasts },
      billing: { ...at, run: lasts, policy: { deploy: 'manual' } },
      search: { ...at, run: { kind: 'command', up: ['sh', '-c', 'exit 3'] } },
      'docs-site': { ...at, run: { kind: 'command', up: ['sleep', '1000'] } },
    },
  })
  await longshore.start()
  const sha = await repository.commit('main', { a: '1' })
  for (const name of ['gateway', 'thumbnailer']) await longshore.runs(name, sha)
  await longshore.until('search', 'failed', ({ last }) => last?.outcome === 'failed')
  await longshore.ask('POST', '/services/thumbnailer/stop', { why: 'leaks 40 MB a minute' })
  await longshore.ask('PUT', `/services/gateway/quarantines/${sha}`, { why: 'open to everybody' })
  const { body } = await longshore.ask('GET', '/session/setup')
  return { url: longshore.url, link: body.path as string }
}

async function signedIn(browser: Browser, url: string, link: string) {
  const { page } = await openTab(browser, url)
  await becomeAdmin(page, link)
  await page.getByText('docs-site').first().waitFor()
  return page.context().storageState()
}
