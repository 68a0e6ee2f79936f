import { Contributions, definePlugin, HostInfo, Logger, StreamReply } from '@longshore/core'
import { contentType, Page } from './client.js'
import { metricsRoutes } from './protocol.js'

/** Serves what the plugins declare as metrics, and what Node says of the process, as a page for Prometheus. */
export default definePlugin({
  name: 'metrics',
  version: '0.1.0',
  needs: { contributions: Contributions, host: HostInfo, log: Logger },
  setup({ needs: { contributions, host, log }, hooks, metrics, routes }) {
    metrics.add({
      name: 'longshore_info',
      help: '1, with the version and the host',
      type: 'gauge',
      labels: ['version', 'host'],
      look: () => [{ value: 1, labels: { version: host.version, host: host.name } }],
    })
    let page: Page | undefined
    hooks.started.tap(() => {
      page = new Page(contributions.metrics, log.child({ plugin: 'metrics' }))
    })
    routes.add(metricsRoutes.metrics, async () => {
      const text = (await page?.text()) ?? ''
      return new StreamReply(contentType, chunks(text))
    })
  },
})

async function* chunks(text: string): AsyncGenerator<string> {
  yield text
}
