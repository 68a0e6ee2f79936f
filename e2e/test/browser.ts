import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

/** A page as a browser shows it, and where it came from. */
export interface Shown {
  url: string
  status: number
  page: string
  headers: IncomingHttpHeaders
}

/** A browser of the plainest kind: cookies by host, redirects, forms, and pages that lead on by themselves. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()

  /** Goes there, on behalf of a page of another site or of nobody, and on by redirects. */
  async open(
    url: string,
    { follow = 20, form }: { follow?: number; form?: URLSearchParams } = {},
  ): Promise<Shown> {
    const { host } = new URL(url)
    const cookies = [...(this.#cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`)
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      ...(cookies.length > 0 && { cookie: cookies.join('; ') }),
      ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
    }
    // The fetch of Node says by itself that it is no navigation.
    const sent = request(url, { method: form ? 'POST' : 'GET', headers, signal: AbortSignal.timeout(30_000) })
    sent.end(form?.toString())
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    for (const cookie of response.headers['set-cookie'] ?? []) this.#keep(host, cookie)
    const page = Buffer.concat((await response.toArray()) as Buffer[]).toString()
    const shown = { url, status: response.statusCode!, page, headers: response.headers }
    const { location } = response.headers
    if (location === undefined || follow === 0) return shown
    return this.open(new URL(location, url).href, { follow: follow - 1 })
  }

  /** Fills in the form of a page and sends it. */
  submit({ url, page }: Shown, values: Record<string, string>, follow = 20): Promise<Shown> {
    const [, action] = /<form[^>]* action="([^"]+)"/.exec(page) ?? []
    if (action === undefined) throw new Error(`${url} has no form: ${page.slice(0, 500)}`)
    const hidden = page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
    const form = new URLSearchParams(values)
    for (const [, name, value] of hidden) form.set(name!, value!)
    return this.open(new URL(action, url).href, { form, follow })
  }

  /** What it would send there. */
  cookie(url: string, name: string): string | undefined {
    return this.#cookies.get(new URL(url).host)?.get(name)
  }

  #keep(host: string, cookie: string): void {
    const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? []
    const kept = this.#cookies.get(host) ?? new Map<string, string>()
    this.#cookies.set(host, kept.set(name!, value!))
  }
}
