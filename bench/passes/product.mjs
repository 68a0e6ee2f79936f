import { createNodeClient } from '@longshore/client/node'
import { startGitServer } from '@longshore/core/testkit'
import { prepareProduct, startProduct, untilAnswers } from '../product.mjs'

/**
 * A Longshore whose services all follow one repository, which is empty at first, for as long as `use` takes.
 * `service` answers the config of one by its name, without its source's address.
 */
export async function withServices(bench, { count, service, ...rest }, use) {
  const server = await startGitServer()
  const home = bench.path('product')
  try {
    const repository = await server.repository('app')
    const names = Array.from({ length: count }, (_, index) => `service-${index}`)
    const made = names.map((name) => {
      const { source, ...others } = service(name)
      return [name, { ...others, source: { url: server.url('app'), poll: '500ms', ...source } }]
    })
    const services = Object.fromEntries(made)
    const prepare = (changed = {}) => prepareProduct(home, { ...services, ...changed }, rest)
    const socket = prepare()
    const product = startProduct(home)
    try {
      await untilAnswers(socket, '/livez', performance.now())
      await use({ pid: product.pid, repository, services, prepare, api: createNodeClient({ socket }) })
    } finally {
      await product.stop()
    }
  } finally {
    await server.close()
  }
}

/** Waits for so many events that fit; answers the time of the first and of the last by the journal's clock, ms. */
export async function span(api, { query, after, fits = () => true, count, seconds }) {
  const times = []
  for await (const event of api.events(query, after, AbortSignal.timeout(seconds * 1000))) {
    if (fits(event)) times.push(Date.parse(event.time))
    if (times.length >= count) return { first: times[0], last: times.at(-1) }
  }
  throw new Error(`${times.length} of ${count} events came: ${JSON.stringify(query)}`)
}
