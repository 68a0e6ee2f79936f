import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'

/** Milliseconds that something may take to show itself. */
const patience = 15_000

/** A page in a browser of its own, and what it did that no page of ours may do. */
export interface Tab {
  page: Page
  /** Requests to anywhere else, errors, and what the policy of the page refused. */
  faults: string[]
}

export async function startChromium(): Promise<Browser> {
  // A container's root has no sandbox of its own; the pages are ours.
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  onTestFinished(() => browser.close())
  return browser
}

export async function openTab(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({ baseURL: url, locale: 'en-GB', ...options })
  context.setDefaultTimeout(patience)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`asks ${request.url()}`)
  })
  page.on('pageerror', (error) => faults.push(`fails: ${error.stack ?? error.message}`))
  page.on('console', (said) => {
    // What a server that is away, or a refusal, makes the browser itself say is no fault of the page.
    if (said.type() === 'error' && !/net::ERR_|status of 4\d\d|WebSocket connection/.test(said.text()))
      faults.push(`says ${said.text()}`)
  })
  return { page, faults }
}

export const password = 'seven horses by the sea'

/** Makes the first account, `ines`, by the set-up link, as a person does. */
export async function becomeAdmin(page: Page, link: string): Promise<void> {
  await page.goto(link)
  await page.getByLabel('Name').fill('ines')
  await page.getByLabel('New password').fill(password)
  await page.getByLabel('Once more').fill(password)
  expect(page.url(), 'the secret of the link has left the address').not.toContain('#')
  await page.getByRole('button', { name: 'Make the account' }).click()
}
