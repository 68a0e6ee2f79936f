import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stop } from '../product.mjs'

const driver = fileURLToPath(new URL('../processes/probe-driver.mjs', import.meta.url))
const binary = 'prometheus-blackbox-exporter'

/** Why there is no blackbox exporter here; undefined where there is one. */
export function lacksBlackbox() {
  const there = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, binary)))
  return there ? undefined : `${binary} is not installed`
}

/** A blackbox exporter that is asked about each of the targets in its interval, for as long as `use` takes. */
export async function withBlackbox(bench, { count, every, port }, use) {
  const config = bench.path('blackbox.yml')
  writeFileSync(config, 'modules: { http_2xx: { prober: http, timeout: 2s } }\n')
  const own = await freePort()
  const listen = `--web.listen-address=127.0.0.1:${own}`
  const exporter = spawn(binary, [`--config.file=${config}`, listen, '--log.level=error'], {
    stdio: 'ignore',
  })
  let asking
  try {
    await answers(`http://127.0.0.1:${own}/-/healthy`)
    const args = [driver, own, port, count, every].map(String)
    asking = spawn(process.execPath, args, { stdio: 'ignore' })
    return await use(exporter.pid)
  } finally {
    if (asking) await stop(asking)
    await stop(exporter)
  }
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function answers(url) {
  for (const deadline = performance.now() + 30_000; ; await sleep(50)) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    if (performance.now() > deadline) throw new Error(`nothing answers at ${url}`)
  }
}
