import { Contributions, definePlugin, HostInfo, Logger, StreamReply } from '@longshore/core'
import type { Page } from './client.js'
import { metricsRoutes } from './protocol.js'

/** The text format of Prometheus. */
const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Serves what the plugins declare as metrics, and what Node says of the process, as a page for Prometheus. */
export default definePlugin({
  name: 'metrics',
  version: '0.1.0',
  needs: { contributions: Contributions, host: HostInfo, log: Logger },
  setup({ needs: { contributions, host, log }, metrics, routes }) {
    metrics.add({
      name: 'longshore_info',
      help: '1, with the version and the host',
      type: 'gauge',
      labels: ['version', 'host'],
      look: () => [{ value: 1, labels: { version: host.version, host: host.name } }],
    })
    // Read when somebody asks for the first time: who does not watch a host pays nothing, in memory or by what is told.
    let opened: Promise<Page> | undefined
    const page = () =>
      (opened ??= import('./client.js').then(
        ({ Page }) => new Page(contributions.metrics, log.child({ plugin: 'metrics' })),
      ))
    routes.add(metricsRoutes.metrics, async () => {
      const text = await (await page()).text()
      return new StreamReply(contentType, chunks(text))
    })
  },
})

async function* chunks(text: string): AsyncGenerator<string> {
  yield text
}
