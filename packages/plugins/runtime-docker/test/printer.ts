import { execFile } from 'node:child_process'
import { open, mkdtemp, rm, type FileHandle } from 'node:fs/promises'
import { constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { testImage, type DockerEngine } from '@longshore/core/testkit'
import { labels } from './labelled.js'

/** Milliseconds that the engine may take to write down what a container printed. */
const patience = 30_000

/** A container that prints exactly what it is told to. The log driver `local` keeps bytes, `json-file` text. */
export class Printer {
  readonly id: string
  readonly #folder: string
  readonly #pipes: Record<'stdout' | 'stderr', FileHandle>
  readonly #log: string
  readonly #read = { at: 0, records: 0 }
  #printed = 0

  private constructor(
    id: string,
    folder: string,
    pipes: Record<'stdout' | 'stderr', FileHandle>,
    log: string,
  ) {
    this.id = id
    this.#folder = folder
    this.#pipes = pipes
    this.#log = log
  }

  static async start(docker: DockerEngine, driver: 'local' | 'json-file'): Promise<Printer> {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-printer-'))
    const files = { stdout: join(folder, 'stdout'), stderr: join(folder, 'stderr') }
    await promisify(execFile)('mkfifo', Object.values(files))
    const script = 'cat /pipe/stdout & cat /pipe/stderr >&2; wait'
    const options = driver === 'local' ? ['max-size=1g', 'compress=false'] : []
    const keeps = ['--log-driver', driver, ...options.flatMap((option) => ['--log-opt', option])]
    const words = ['--volume', `${folder}:/pipe`, ...keeps, ...labels, testImage, 'sh', '-c', script]
    const id = await docker.docker('run', '--detach', ...words)
    // For reading too: it can be opened before the container has, and stays open over its restarts.
    const pipes = {
      stdout: await open(files.stdout, constants.O_RDWR),
      stderr: await open(files.stderr, constants.O_RDWR),
    }
    const log = driver === 'local' ? 'local-logs/container.log' : `${id}-json.log`
    return new Printer(id, folder, pipes, join(docker.folder, 'data/containers', id, log))
  }

  /** Resolves when the engine has written down every line. */
  async print(stream: 'stdout' | 'stderr', bytes: Uint8Array | string): Promise<void> {
    const buffer = Buffer.from(bytes as Uint8Array)
    for (let at = buffer.indexOf(10); at >= 0; at = buffer.indexOf(10, at + 1)) this.#printed++
    for (let from = 0; from < buffer.length;)
      from += (await this.#pipes[stream].write(buffer, from, Math.min(65_536, buffer.length - from)))
        .bytesWritten
    const deadline = performance.now() + patience
    while ((await this.#records()) < this.#printed) {
      if (performance.now() > deadline) throw new Error('the engine does not write down what was printed')
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  /** Its writing ends: the container ends with it. */
  async close(): Promise<void> {
    for (const pipe of Object.values(this.#pipes)) await pipe.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Of `local` each record lies between its length and its length again, of `json-file` it is a line. */
  async #records(): Promise<number> {
    const file = await open(this.#log).catch(() => undefined)
    if (!file) return 0
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(2 ** 20), 0, 2 ** 20, this.#read.at)
      const isText = this.#log.endsWith('-json.log')
      for (let at = 0, end; at + 4 <= bytesRead; at = end) {
        end = isText ? buffer.subarray(0, bytesRead).indexOf(10, at) + 1 : at + 8 + buffer.readUInt32BE(at)
        if (end === 0 || end > bytesRead) break
        this.#read.at += end - at
        this.#read.records++
      }
      return this.#read.records
    } finally {
      await file.close()
    }
  }
}
