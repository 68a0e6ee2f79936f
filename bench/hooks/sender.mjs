import { createHmac, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

const secret = 'what a benchmark signs with'

/** The section `hooks` by which webhooks of the generic forge are heard; the secret lies in a file of its own. */
export function hearing(file) {
  writeFileSync(file, secret, { mode: 0o600 })
  return { generic: { secret: { secret: `file:${file}` } } }
}

/** Sends signed webhooks about a repository to a socket; answers the status and how many ms that took. */
export class Hooks {
  #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  #socketPath
  #body

  constructor(socketPath, repository) {
    this.#socketPath = socketPath
    // As many bytes as a push of some commits has.
    const commits = Array.from({ length: 10 }, (_, id) => ({
      id: String(id).repeat(40),
      message: 'x'.repeat(500),
    }))
    this.#body = JSON.stringify({ repository, ref: 'main', commits })
  }

  send() {
    const [id, time] = [randomUUID(), String(Math.floor(Date.now() / 1000))]
    const mac = createHmac('sha256', secret).update(`${id}.${time}.${this.#body}`).digest('base64')
    const headers = {
      host: 'localhost',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(this.#body),
      'webhook-id': id,
      'webhook-timestamp': time,
      'webhook-signature': `v1,${mac}`,
    }
    const begin = performance.now()
    const where = { socketPath: this.#socketPath, path: '/api/v1/hooks/generic', agent: this.#agent }
    return new Promise((resolve, reject) => {
      const sent = request({ ...where, method: 'POST', headers }, (response) => {
        response.resume()
        const { statusCode: status } = response
        response.on('end', () => resolve({ status, took: performance.now() - begin }))
      })
      sent.on('error', reject)
      sent.end(this.#body)
    })
  }

  /** So many in so many ms, evenly, whatever the answers do. */
  async flood(count, span) {
    const answers = []
    const begin = performance.now()
    while (answers.length < count) {
      const due = Math.min(count, Math.ceil(((performance.now() - begin) * count) / span))
      while (answers.length < due) answers.push(this.send())
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return Promise.all(answers)
  }

  close() {
    this.#agent.destroy()
  }
}
