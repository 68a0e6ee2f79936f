import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { prepareProduct, startProduct, untilAnswers } from '../product.mjs'

/** Checks of a service: as many as one may have. */
const perService = 100

/** A Longshore that looks at so many targets, each with a check of its own, for as long as `use` takes. */
export async function withProduct(bench, { count, every, port }, use) {
  const server = await startGitServer()
  try {
    const repository = await server.repository('app')
    await repository.commit('main', { file: '1' })
    const services = Array.from({ length: count / perService }, (_, service) => {
      const checks = Array.from({ length: perService }, (_, index) => {
        const url = `http://127.0.0.1:${port}/${service * perService + index}`
        return { kind: 'http', name: `check-${index}`, url, every: `${every}ms` }
      })
      const declared = { source: { url: server.url('app') }, run: { kind: 'command', up: ['true'] }, checks }
      return [`service-${service}`, declared]
    })
    const socket = prepareProduct(bench.path('product'), Object.fromEntries(services))
    const product = startProduct(socket.replace(/\/data\/[^/]+$/, ''))
    try {
      await untilAnswers(socket, '/livez', performance.now())
      await settled(createNodeClient({ socket }), services.length)
      return await use(product.pid)
    } finally {
      await product.stop()
    }
  } finally {
    await server.close()
  }
}

async function settled(api, count) {
  for (const deadline = performance.now() + 300_000; ; await sleep(200)) {
    if (performance.now() > deadline) throw new Error('the services did not settle')
    const { states } = await api.call(coreRoutes.overview)
    if (states.healthy === count) return
  }
}
