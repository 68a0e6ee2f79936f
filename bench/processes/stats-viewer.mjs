import { setMaxListeners } from 'node:events'
import { definePlugin, Telemetry } from '@longshore/core'
import { startTestKernel } from '@longshore/core/testkit'
import docker from '@longshore/runtime-docker'

/** Watches what each of so many services uses, every second, as the product has it; says when it has seen them all. */
const [host, count] = process.argv.slice(2)
let telemetry
const viewer = definePlugin({
  name: 'viewer',
  needs: { telemetry: Telemetry },
  setup({ needs }) {
    telemetry = needs.telemetry
  },
})
const config = { host: 'bench', docker: { host }, services: {} }
const test = await startTestKernel({ plugins: [docker, viewer], config })
const stop = new AbortController()
setMaxListeners(0, stop.signal)
process.on('SIGTERM', () => stop.abort())

const missing = new Set(Array.from({ length: Number(count) }, (_, index) => `service-${index}`))
await Promise.all([...missing].map(watch))
await test.stop()

async function watch(service) {
  const query = { service, host: 'bench', every: 1_000 }
  for await (const samples of telemetry.get('image').stats(query, stop.signal)) {
    const whole = samples.some(({ cpu, memory, networkIn }) =>
      [cpu, memory, networkIn].every(Number.isFinite),
    )
    if (whole && missing.delete(service) && missing.size === 0) console.log('all')
  }
}
