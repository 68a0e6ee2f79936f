import type { Engine, LogOptions } from '../client.js'
import { Demux } from './demux.js'
import type { ContainerDetails } from '../schema.js'
import type { Line } from './records.js'
import { Ring } from './ring.js'

type Bytes = AsyncIterable<Buffer>

/**
 * What the engine keeps of a container's log, from a time or the last records; ends at the end of what is there. A line that
 * is not finished there is finished only when `whole` says that nobody reads on.
 */
export async function* readKept(
  engine: Engine,
  id: string,
  { whole, ...options }: LogOptions & { whole: boolean },
  signal: AbortSignal,
): AsyncGenerator<Line[], void> {
  const details = await engine.inspect(id)
  const begin = async function* (asked: typeof options) {
    const demux = new Demux(id, details.Config.Tty)
    yield* linesOf(await engine.logs(id, asked, signal), demux, whole)
  }
  const since = Number(options.since) * 1000
  let complete = options.since === undefined || !compresses(details)
  for await (const lines of begin(options)) {
    complete ||= lines.some(({ time }) => time <= since)
    if (!complete && lines.length > 0) break
    yield lines
  }
  // Engines of 20.10 leave out every rotated file once one that is compressed is older than `since`.
  if (!complete)
    for await (const lines of begin({ ...options, since: undefined }))
      yield lines.filter(({ time }) => time >= Math.floor(since))
  // The end of a log and the end of an engine look alike.
  await engine.version(signal)
}

/** Whether the log driver compresses what it has rotated. */
function compresses({ HostConfig: { LogConfig } }: ContainerDetails): boolean {
  return (
    LogConfig?.Config?.['compress'] === 'true' ||
    (LogConfig?.Type === 'local' && LogConfig.Config?.['compress'] !== 'false')
  )
}

async function* linesOf(bytes: Bytes, demux: Demux, whole: boolean): AsyncGenerator<Line[], void> {
  for await (const chunk of bytes) yield demux.push(chunk)
  if (whole) yield demux.end()
}

/** Live logs: one connection for each container that anybody follows, shared by its viewers. */
export class Readers {
  readonly #engine: Engine
  readonly #readers = new Map<string, { ring: Promise<Ring>; viewers: number; stop: AbortController }>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * The container's ring while it is used. It holds all from the last line on that was there when it began. It ends with its
   * connection; who comes then gets a new one.
   */
  async *join(id: string): AsyncGenerator<Ring, void> {
    let reader = this.#readers.get(id)
    if (!reader) {
      const stop = new AbortController()
      reader = { ring: this.#open(id, stop.signal), viewers: 0, stop }
      this.#readers.set(id, reader)
    }
    reader.viewers++
    const leave = () => this.#readers.get(id) === reader && this.#readers.delete(id)
    try {
      const ring = await reader.ring
      yield ring
      if (ring.ended) leave()
    } catch (error) {
      leave()
      throw error
    } finally {
      if (--reader.viewers === 0) {
        leave()
        reader.stop.abort()
      }
    }
  }

  async #open(id: string, signal: AbortSignal): Promise<Ring> {
    const ring = new Ring()
    const anchor = await this.#lastLine(id, signal)
    const terminal = (await this.#engine.inspect(id)).Config.Tty
    // Records of one line share its stamp: a line in the middle of which it begins is there from its beginning. The engine
    // answers a `tail` without reading the whole log; a line of many records may have more than any.
    const from = anchor && { since: stampOf(anchor), ...(anchor.part === 0 && { tail: 1_000 }) }
    const stream = await this.#engine.logs(id, { ...from, follow: true }, signal)
    void this.#pump(stream, new Demux(id, terminal), ring)
    if (anchor) while (ring.empty && !ring.ended) await ring.changed(signal)
    return ring
  }

  async #pump(stream: Bytes, demux: Demux, ring: Ring): Promise<void> {
    try {
      for await (const lines of linesOf(stream, demux, true)) ring.push(lines)
      ring.end()
    } catch (error) {
      ring.end(error as Error)
    }
  }

  /** Of two records, so that a line of several is known. */
  async #lastLine(id: string, signal: AbortSignal): Promise<Line | undefined> {
    let last: Line | undefined
    for await (const lines of readKept(this.#engine, id, { tail: 2, follow: false, whole: true }, signal))
      last = lines.at(-1) ?? last
    return last
  }
}

/** A line's time as the engine's queries take it, exact to the nanosecond, some seconds earlier when asked. */
export function stampOf({ time, nanos }: Pick<Line, 'time' | 'nanos'>, earlier = 0): string {
  return `${Math.floor(time / 1_000) - earlier}.${String(nanos).padStart(9, '0')}`
}
