import { get } from 'node:http'

/** Milliseconds between two questions, and that one may take. */
const every = 50
const patience = 1_000

/** Somebody who asks for the page twenty times a second, and remembers what came. */
export class Client {
  /** @type {{ at: number, page: string | undefined }[]} undefined: nobody answered */
  answers = []
  #port
  #timer

  /** @param {number} port */
  constructor(port) {
    this.#port = port
    this.#timer = setInterval(() => this.#ask(), every)
  }

  end() {
    clearInterval(this.#timer)
  }

  /**
   * When that page was answered first after a time.
   * @param {string} page how it begins
   * @param {number} after
   */
  first(page, after) {
    return this.answers.find((answer) => answer.at >= after && answer.page?.startsWith(page))?.at
  }

  /**
   * What came between two times: how often, what did not, and the longest while in which nothing came.
   * @param {number} from
   * @param {number} to
   */
  between(from, to) {
    const asked = this.answers.filter(({ at }) => at >= from && at <= to)
    const pages = [...new Set(asked.flatMap(({ page }) => page ?? []))]
    const errors = asked.filter(({ page }) => page === undefined).length
    return { asked: asked.length, errors, longest: longestGap(asked), pages }
  }

  #ask() {
    const at = Date.now()
    const told = (/** @type {string | undefined} */ page) => this.answers.push({ at, page: page?.trim() })
    const request = get(
      { host: '127.0.0.1', port: this.#port, agent: false, timeout: patience },
      async (response) => {
        let text = ''
        try {
          for await (const chunk of response.setEncoding('utf8')) text += chunk
          told(response.statusCode === 200 ? text : undefined)
        } catch {
          told(undefined)
        }
      },
    )
    request.on('timeout', () => request.destroy())
    request.on('error', () => told(undefined))
  }
}

/**
 * Milliseconds from the first question without an answer to the next one that had one.
 * @param {{ at: number, page: string | undefined }[]} asked
 */
function longestGap(asked) {
  let longest = 0
  /** @type {number | undefined} */
  let since
  for (const { at, page } of [...asked].sort((a, b) => a.at - b.at)) {
    if (page === undefined) since ??= at
    else if (since !== undefined) {
      longest = Math.max(longest, at - since)
      since = undefined
    }
  }
  return longest
}
