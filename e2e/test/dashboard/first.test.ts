import { needs } from '@longshore/core/testkit'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Longshore } from '../longshore.mjs'
import { freePort, gitPlace, longshoreAt } from '../place.js'
import { becomeAdmin, openTab, password, startChromium } from './chromium.js'

test(
  'from the set-up link to a service that runs, over a restart of the server, and out again',
  { ...needs('chromium'), timeout: 120_000 },
  async () => {
    const { repository, url: source } = await gitPlace()
    const run = { kind: 'command', up: ['sh', 'app.sh'], keepAlive: true }
    const longshore = await longshoreAt({
      env: { LONGSHORE_LISTEN: `127.0.0.1:${await freePort()}` },
      services: { hello: { source: { url: source, ref: 'main', poll: '500ms' }, run } },
    })
    await longshore.start()
    const { page, faults } = await openTab(await startChromium(), longshore.url)
    await setUp(page, longshore)
    const hello = page.getByRole('region', { name: 'Fleet' }).getByRole('link', { name: 'hello' })
    await hello.waitFor()
    const first = await repository.commit('main', { 'app.sh': 'exec sleep 1000\n' })
    await hello.getByText(first.slice(0, 7)).waitFor()
    await page.getByText('The one service runs what it should.').waitFor()
    await longshore.ask('POST', '/services/hello/stop', { why: 'leaks <b>memory</b>' })
    await page.getByText('One thing needs you.').waitFor()
    await page.getByRole('region', { name: 'Needs you' }).getByText('leaks <b>memory</b>').waitFor()
    expect(await page.title()).toBe('(1) Longshore')

    await longshore.kill()
    await page.getByRole('alert').getByText('What you see may no longer be true').waitFor({ timeout: 5_000 })
    await longshore.start()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await longshore.ask('POST', '/services/hello/start', {})
    await page.getByText('The one service runs what it should.').waitFor()

    await filterServices(page)
    await readEvents(page, longshore)
    await speakGerman(page)
    await signOutAndIn(page)
    expect(faults).toEqual([])
  },
)

async function setUp(page: Page, longshore: Longshore): Promise<void> {
  await page.goto('/')
  await expect.poll(() => new URL(page.url()).pathname).toBe('/sign-in')
  const { body } = await longshore.ask('GET', '/session/setup')
  await becomeAdmin(page, body.path)
}

async function filterServices(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Services' }).click()
  await page.getByLabel('Filter').fill('state:held')
  await page.getByText('Nothing fits this filter.').waitFor()
  expect(new URL(page.url()).search).toBe('?filter=state:held')
  await page.getByRole('button', { name: 'Clear the filter' }).click()
  await page.getByRole('row', { name: /hello/ }).waitFor()
}

async function readEvents(page: Page, longshore: Longshore): Promise<void> {
  await page.getByRole('link', { name: 'Events' }).click()
  const list = page.getByRole('list', { name: 'Events, newest first' })
  await list.getByRole('button', { name: /stopped and held, “leaks <b>memory<\/b>”/ }).waitFor()
  await longshore.ask('POST', '/services/hello/restart', { why: 'to see it come' })
  await list.getByRole('button', { name: /queued by restart, “to see it come”/ }).waitFor()
  await list
    .getByRole('button', { name: /settled [0-9a-f]{7}: kept/ })
    .first()
    .click()
  const story = page.getByRole('complementary', { name: 'The story of one event' })
  await story.getByRole('listitem').filter({ hasText: 'queued by' }).waitFor()
  await page.keyboard.press('Escape')
  await story.waitFor({ state: 'detached' })
  const filter = page.getByLabel('Filter')
  await filter.fill('kind:hold.placed nowhere')
  await filter.press('Enter')
  await page.getByText('No event fits this filter.').waitFor()
  await filter.fill('since:soon')
  await filter.press('Enter')
  await page.getByRole('alert').getByText('INPUT_INVALID').waitFor()
}

/** What is chosen stays, also where the browser asks for another language. */
async function speakGerman(page: Page): Promise<void> {
  const choose = async (menu: string, language: string) => {
    await page.getByRole('button', { name: /ines/ }).click()
    await page.getByRole('menuitem', { name: menu }).click()
    await page.getByRole('menuitemcheckbox', { name: language }).click()
    await page.keyboard.press('Escape')
  }
  await choose('Language', 'Deutsch')
  await page.reload()
  await page.getByRole('link', { name: 'Ereignisse' }).waitFor()
  await choose('Sprache', 'English')
  await page.getByRole('link', { name: 'Events' }).waitFor()
}

async function signOutAndIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Account of ines' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in to Longshore' }).waitFor()
  await page.goto('/services')
  await page.getByLabel('Name').fill('ines')
  await page.getByLabel('Password').fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('AUTH_SIGN_IN').waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('row', { name: /hello/ }).waitFor()
  expect(new URL(page.url()).pathname, 'where they wanted to go').toBe('/services')
}
