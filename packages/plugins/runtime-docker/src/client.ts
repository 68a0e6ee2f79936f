import { Agent, type AgentOptions } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import type { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { deadline, within } from '@longshore/core'
import type Docker from 'dockerode'
import { z } from 'zod'
import type { Endpoint } from './engine/endpoint.js'
import { openStream } from './engine/stream.js'
import { Unread } from './engine/unread.js'
import { engineFault, isFault } from './errors.js'
import { ContainerDetails, ContainerSummary, EngineEvent, Labelled, Version } from './schema.js'
import { ContainerStats } from './telemetry/stats-answer.js'

/** Milliseconds that the engine may take to answer what is not a stream. */
const answerTime = 60_000
/** Milliseconds that it may take to say what one container uses. */
const statsDeadline = 10_000
/** Milliseconds before a stream may begin: it does so when a whole build context is there, and its signal has a deadline. */
const longestStream = 86_400_000
/** The newest API that we know; with an older engine its own is spoken. */
const newest = '1.47'

/** Milliseconds for which a connection that nobody uses is kept. */
const idle = 5_000

/**
 * A kept connection costs an engine and us less than one that is made for the call, but it is also answered by an engine that
 * ends already: what says how containers are is asked anew, or what such an engine ends would look like a fault or like drift.
 */
type Connection = 'kept' | 'fresh'
type Clients = Record<Connection, Docker>

export type ContainerBody = Docker.ContainerCreateOptions & { name: string }

/** What is asked of a log: times in seconds, with nanoseconds as decimals. */
export interface LogOptions {
  follow: boolean
  since?: string | undefined
  until?: string | undefined
  tail?: number | undefined
}

/** The engine's API as this plugin uses it: every answer parsed, every error coded. */
export class Engine {
  readonly #find: () => Endpoint
  #endpoint: Endpoint | undefined
  #docker: Promise<Clients> | undefined

  readonly unread = new Unread()

  /** An endpoint, or how it is found when it is first needed. */
  constructor(endpoint: Endpoint | (() => Endpoint)) {
    this.#find = typeof endpoint === 'function' ? endpoint : () => endpoint
  }

  /** Errors: those of `findEndpoint`. */
  get endpoint(): Endpoint {
    return (this.#endpoint ??= this.#find())
  }

  async version(signal?: AbortSignal): Promise<Version> {
    return this.ask(Version, (docker) => docker.version(), signal, 'fresh')
  }

  /** Containers in every state whose labels are all as given. */
  containers(labels: Record<string, string>, signal?: AbortSignal): Promise<ContainerSummary[]> {
    const label = words(labels)
    return this.ask(
      ContainerSummary.array(),
      (docker) => docker.listContainers({ all: true, filters: { label } }),
      signal,
      'fresh',
    )
  }

  inspect(id: string): Promise<ContainerDetails> {
    const look = (docker: Docker) => docker.getContainer(id).inspect()
    return this.ask(ContainerDetails, look, undefined, 'fresh')
  }

  /** What a container uses, in one look. Without the engine's two looks, a second apart, for a figure that we make ourselves. */
  stats(id: string): Promise<ContainerStats> {
    const abortSignal = deadline(statsDeadline)
    const options = { stream: false as const, 'one-shot': true, abortSignal }
    return this.ask(ContainerStats, (docker) => docker.getContainer(id).stats(options), abortSignal)
  }

  async create(body: ContainerBody): Promise<string> {
    const { id } = await this.call((docker) => docker.createContainer(body))
    return id
  }

  async rename(id: string, name: string): Promise<void> {
    await this.call((docker) => docker.getContainer(id).rename({ name }))
  }

  async start(id: string): Promise<void> {
    await this.call((docker) => docker.getContainer(id).start()).catch(ignore('already'))
  }

  /** SIGTERM, after the grace (ms) SIGKILL; resolves when it has ended. */
  async stop(id: string, grace: number): Promise<void> {
    const t = Math.ceil(grace / 1000)
    await this.call((docker) => docker.getContainer(id).stop({ t }), undefined, answerTime + grace).catch(
      ignore('already', 'missing'),
    )
  }

  /** Stops it, and removes it when those who keep what it printed have read it. */
  async retire(id: string, grace: number): Promise<void> {
    await this.stop(id, grace)
    await this.unread.done(id)
    await this.remove(id)
  }

  /** Kills and removes it; its volumes stay, nameless ones too unless `v`. */
  async remove(id: string, v = false): Promise<void> {
    await this.call((docker) => docker.getContainer(id).remove({ force: true, v })).catch(ignore('missing'))
  }

  networks(labels: Record<string, string>): Promise<Labelled[]> {
    const filters = { label: words(labels) }
    return this.ask(Labelled.array(), (docker) => docker.listNetworks({ filters }))
  }

  /** Errors: ENGINE_REFUSED where something is still in it. */
  async removeNetwork(id: string): Promise<void> {
    await this.call((docker) => docker.getNetwork(id).remove()).catch(ignore('missing'))
  }

  async volumes(labels: Record<string, string>): Promise<Labelled[]> {
    const Answer = z.object({ Volumes: Labelled.array().nullish() })
    const filters = { label: words(labels) }
    return (await this.ask(Answer, (docker) => docker.listVolumes({ filters }))).Volumes ?? []
  }

  /**
   * The lines of a call that answers with a stream; the signal has to have a deadline. The call has to pass it on as its
   * `abortSignal`: a request whose answer has not begun cannot be ended by anybody else.
   */
  async *stream<T>(
    schema: z.ZodType<T>,
    call: (docker: Docker) => Promise<NodeJS.ReadableStream>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void> {
    const stream = await this.call(call, signal, longestStream)
    try {
      yield* lines(stream, schema, signal)
    } catch (error) {
      throw signal.aborted ? error : engineFault(error, this.endpoint)
    }
  }

  /** What happens from now on to what has these labels, by default to containers; ends when the engine goes or the signal aborts. */
  async events(
    labels: Record<string, string>,
    signal: AbortSignal,
    filters: Record<string, string[]> = { type: ['container'] },
  ): Promise<AsyncGenerator<EngineEvent, void>> {
    const label = words(labels)
    const stream = await this.call(
      (docker) => docker.getEvents({ filters: { ...filters, label }, abortSignal: signal }),
      signal,
    )
    return lines(stream, EngineEvent, signal)
  }

  /**
   * What a container printed, as the engine frames it, with stamps; ends at the end of what is there, or with `follow` when
   * the container ends. The signal ends it.
   */
  async logs(id: string, options: LogOptions, signal: AbortSignal): Promise<AsyncGenerator<Buffer, void>> {
    const { follow, since, until, tail } = options
    const query = new URLSearchParams({ stdout: '1', stderr: '1', timestamps: '1' })
    for (const [key, value] of Object.entries({ follow: follow ? '1' : '0', since, until, tail }))
      if (value !== undefined) query.set(key, String(value))
    const path = `/containers/${encodeURIComponent(id)}/logs?${query.toString()}`
    return this.call(() => openStream(this.endpoint, path, signal), signal)
  }

  /** What the call answers, parsed. */
  ask<T>(
    schema: z.ZodType<T>,
    call: (docker: Docker) => Promise<unknown>,
    signal?: AbortSignal,
    connection?: Connection,
  ): Promise<T> {
    return this.call(async (docker) => schema.parse(await call(docker)), signal, answerTime, connection)
  }

  /** One call, within `milliseconds`. Errors: ENGINE_AWAY, ENGINE_REFUSED with what kind of fault it is. */
  async call<T>(
    call: (docker: Docker) => Promise<T>,
    signal?: AbortSignal,
    milliseconds = answerTime,
    connection: Connection = 'kept',
  ): Promise<T> {
    const { endpoint } = this
    const answer = async (either: AbortSignal) => {
      const clients = await this.#clients()
      either.throwIfAborted()
      return call(clients[connection])
    }
    try {
      return await within(milliseconds, 'the call', answer, signal)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw engineFault(error, endpoint)
    }
  }

  /** Loaded when an engine is first asked: most hosts that only run commands never need it. */
  #clients(): Promise<Clients> {
    return (this.#docker ??= this.#open().catch((error: unknown) => {
      this.#docker = undefined
      throw engineFault(error, this.endpoint)
    }))
  }

  async #open(): Promise<Clients> {
    const { default: Client } = await import('dockerode')
    const { socketPath, tcp } = this.endpoint
    const { ca, cert, key } = tcp?.tls ?? {}
    const place: Docker.DockerOptions = socketPath
      ? { socketPath }
      : {
          host: tcp!.host,
          port: tcp!.port,
          protocol: tcp!.tls ? ('https' as const) : ('http' as const),
          ca,
          cert,
          key,
        }
    const open = (options: AgentOptions) => {
      const agent = tcp?.tls ? new SecureAgent(options) : new Agent(options)
      // The library prints the options of every request for a log that nobody reads: all of an agent's connections take 10 ms.
      return { ...place, agent: Object.assign(agent, { [inspect.custom]: () => 'Agent' }) }
    }
    const fresh = open({})
    const { ApiVersion } = Version.parse(await new Client(fresh).version())
    const version = `v${older(ApiVersion, newest)}`
    const kept = open({ keepAlive: true, maxFreeSockets: 4, timeout: idle })
    return { kept: new Client({ ...kept, version }), fresh: new Client({ ...fresh, version }) }
  }
}

/** Labels as the engine's filters take them. */
function words(labels: Record<string, string>): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`)
}

function older(a: string, b: string): string {
  const number = (version: string) => Number(version.split('.')[1])
  return number(a) < number(b) ? a : b
}

/** For calls that may find nothing to do. */
export function ignore(...kinds: string[]) {
  return (error: unknown) => {
    if (!isFault(error, ...kinds)) throw error
  }
}

/** Characters that one line of JSON may have. */
const longest = 2 ** 20

/** The JSON lines of a stream, parsed; ends with it, and destroys it when nobody reads on. */
async function* lines<T>(
  stream: NodeJS.ReadableStream,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  const readable = stream as Readable
  const end = () => readable.destroy(signal.reason as Error)
  signal.addEventListener('abort', end, { once: true })
  try {
    readable.setEncoding('utf8')
    let rest = ''
    for await (const chunk of readable as AsyncIterable<string>) {
      const [first = '', ...others] = chunk.split('\n')
      rest += first
      for (const next of others) {
        if (rest.trim()) yield schema.parse(JSON.parse(rest))
        rest = next
      }
      if (rest.length > longest) throw new Error(`a line of the engine is longer than ${longest} characters`)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', end)
    readable.destroy()
  }
  signal.throwIfAborted()
}
