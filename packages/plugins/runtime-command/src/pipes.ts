import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, renameSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'

const streams = ['stdout', 'stderr'] as const
export type Sink = (stream: 'stdout' | 'stderr', chunk: Buffer) => Promise<void>

/** Homes of instances that are gone for good, at most so many: nobody has their pipes open any more. */
const spare: string[] = []
const spares = 50

/** The pipes of a home may serve another one: to make some takes a process, which is a good part of a start. */
export function sparePipes(home: string): void {
  if (spare.length < spares) spare.push(home)
}

/** Makes a home and its two named pipes; those of an earlier life are replaced. */
export async function makePipes(home: string): Promise<void> {
  const files = streams.map((stream) => join(home, stream))
  await mkdir(home, { recursive: true, mode: 0o700 })
  for (let from = spare.pop(); from !== undefined; from = spare.pop()) if (moved(from, home)) return
  for (const file of files) await rm(file, { force: true })
  await promisify(execFile)('mkfifo', ['-m', '600', ...files], { timeout: 10_000 })
}

function moved(from: string, to: string): boolean {
  try {
    for (const stream of streams) renameSync(join(from, stream), join(to, stream))
    return true
  } catch {
    // Its home was removed meanwhile, or lies on another file system.
    return false
  }
}

/**
 * The ends for a process. Opened for reading too, so that the process holds a reader itself: while Longshore is away it
 * gets no SIGPIPE, it waits when the pipe is full, and what it printed is read later.
 */
export function openEnds(home: string): [stdout: number, stderr: number] {
  return streams.map((stream) => openSync(join(home, stream), constants.O_RDWR)) as [number, number]
}

export function closeEnds(ends: number[]): void {
  for (const end of ends) closeSync(end)
}

/** Longshore's end of the two pipes: reads for as long as anybody can write. */
export class PipeReader {
  readonly #sockets: Socket[] = []
  #sink: Sink
  /** What each pipe's last chunk waits for. */
  readonly #taken: Promise<void>[] = []
  #reads = 0
  /** Resolves when nobody has the pipes open for writing any more. */
  readonly closed: Promise<unknown>
  /** Resolves when beyond that everything is in the sink. */
  readonly ended: Promise<unknown>

  constructor(home: string, sink: Sink) {
    this.#sink = sink
    this.closed = Promise.all(streams.map((stream, index) => this.#read(stream, index, join(home, stream))))
    this.ended = this.closed.then(() => Promise.all(this.#taken))
  }

  /** Resolves when everything that was printed until now is in the sink, though others may print more. */
  async drained(): Promise<void> {
    for (let quiet = 0, seen = this.#reads; quiet < 3; quiet++) {
      await Promise.all(this.#taken)
      await setImmediate()
      if (seen !== this.#reads) quiet = -1
      seen = this.#reads
    }
  }

  /** Waits for the sink no more: what is printed from now on, and what stands in the pipes, is lost. */
  discard(): void {
    this.#sink = async () => {}
    for (const socket of this.#sockets) socket.resume()
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async #read(stream: 'stdout' | 'stderr', index: number, file: string): Promise<void> {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const socket = new Socket({ fd, readable: true, writable: false })
    this.#sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#reads++
      socket.pause()
      this.#taken[index] = this.#sink(stream, chunk)
        .catch(() => {})
        .then(() => void socket.resume())
    })
    await new Promise((resolve) => socket.once('close', resolve))
  }
}
