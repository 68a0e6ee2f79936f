import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { freePort } from './place.js'
import { until } from './until.mjs'

/** One value that Prometheus answers a query with. */
export interface Found {
  labels: Record<string, string>
  value: number
}

/** A real Prometheus that scrapes one address every second; it is gone when the test ends. */
export class Prometheus {
  readonly #url: string
  readonly #child: ChildProcess
  #log = ''

  private constructor(url: string, child: ChildProcess) {
    this.#url = url
    this.#child = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
  }

  static async start(target: string): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-prometheus-'))
    const config = join(folder, 'prometheus.yml')
    const job = { job_name: 'longshore', static_configs: [{ targets: [target] }] }
    const global = { scrape_interval: '1s', scrape_timeout: '1s' }
    // JSON is YAML too.
    await writeFile(config, JSON.stringify({ global, scrape_configs: [job] }))
    const listen = `127.0.0.1:${await freePort()}`
    const options = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`]
    const child = spawn('prometheus', [...options, `--web.listen-address=${listen}`], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const prometheus = new Prometheus(`http://${listen}`, child)
    onTestFinished(async () => {
      await prometheus.#end()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    return prometheus
  }

  /** What it answers now. */
  async query(query: string): Promise<Found[]> {
    if (this.#child.exitCode !== null) throw new Error(`Prometheus ended:\n${this.#log}`)
    const response = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(query)}`)
    const { data } = (await response.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
  }

  /** Waits until a query has one answer, with this value. */
  async says(query: string, value: number): Promise<void> {
    let last: unknown
    const asked = async () => {
      last = await this.query(query).catch((error: unknown) => {
        if (this.#child.exitCode !== null) throw error
        return String(error)
      })
      return Array.isArray(last) && last.length === 1 && (last as Found[])[0]!.value === value
    }
    await until(`${query} is ${value}`, 60_000, asked).catch((error: unknown) => {
      throw new Error(`${query} is ${JSON.stringify(last)}, not ${value}`, { cause: error })
    })
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** What Prometheus' own linter has against a page; nothing when it is well. */
export function lint(page: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: page,
    encoding: 'utf8',
    timeout: 30_000,
  })
  return status === 0 ? `${stdout}${stderr}` : `${status}: ${stdout}${stderr}`
}
