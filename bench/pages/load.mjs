import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks for a page and reads all of it; answers its text. */
export function read(agent, socketPath, path) {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, agent }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`${path}: ${response.statusCode} ${text}`))
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

/**
 * Milliseconds of each answer when pages are asked for at a steady rate, whether or not those before are answered: from
 * the moment at which a request was due to the last byte of its answer.
 */
export async function atRate({ socketPath, rate, seconds, path }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const begin = performance.now()
  const asked = []
  for (let number = 0; number < rate * seconds; number++) {
    const due = begin + (number * 1000) / rate
    await sleep(Math.max(0, due - performance.now()))
    asked.push(read(agent, socketPath, path(number)).then(() => performance.now() - due))
  }
  const taken = await Promise.all(asked)
  agent.destroy()
  return taken
}
