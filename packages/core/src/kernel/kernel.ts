import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import type { Slice } from '../protocol/index.js'
import {
  configDifferences,
  configSchema,
  coreProtocol,
  sectionOf,
  type ConfigDocument,
  type LongshoreConfig,
} from '../protocol/index.js'
import { declareMetric, type DeclaredMetric } from '../metrics/declare.js'
import { SecretStore } from '../contracts/secret-store.js'
import { Clock, systemClock } from './clock.js'
import { Config, parseConfig } from './config.js'
import { Container } from './container.js'
import { Contributions } from '../contributions/contributions.js'
import { declaredKinds } from '../contributions/kinds.js'
import { InputError } from './errors.js'
import { HookBoard, HookCalls } from './hooks.js'
import { HostInfo } from './host.js'
import { Lifecycle } from './lifecycle.js'
import { createLogger, Logger } from './logger.js'
import { orderPlugins } from './order.js'
import type { Plugin, SetupContext } from './plugin.js'
import type { Route } from '../contributions/route.js'
import type { Site } from '../contributions/site.js'
import { createSecrets, Secrets } from './secrets.js'
import type { ManyToken, Met, Need, Needs, OneToken, Token } from './token.js'
import type { Topic } from '../contributions/topic.js'

export interface KernelOptions {
  plugins: readonly Plugin[]
  config: ConfigDocument
  /** The data folder when the config names none. */
  data: string
  version: string
  logger?: Logger
  clock?: Clock
}

const given = [Clock, Logger, HostInfo, Config, Secrets, HookCalls, Contributions]

/** Plugins, wired and ordered, with one life. Nothing runs before `start`; after `stop` nothing is left. */
export class Kernel {
  readonly host: HostInfo
  readonly contributions: Contributions
  readonly #container = new Container()
  readonly #lifecycle: Lifecycle
  readonly #schema: z.ZodType<LongshoreConfig & Record<string, unknown>>
  readonly #listeners = new Set<() => Promise<void>>()
  readonly #sections: string[]
  #config: LongshoreConfig & Record<string, unknown>
  #file: string

  constructor(options: KernelOptions) {
    const plugins = orderPlugins(options.plugins, new Set(given.map(({ name }) => name)))
    this.#schema = configSchema(plugins)
    this.#sections = plugins.map(({ name, section: [top] = [name] }) => top)
    this.#config = this.#parse(options.config)
    this.#file = options.config.file
    const clock = options.clock ?? systemClock
    const logger = options.logger ?? createLogger({ level: 'info' })
    const data = resolve(this.#config.data ?? options.data)
    this.host = { name: this.#config.host, data, version: options.version, started: clock.now() }
    this.#lifecycle = new Lifecycle(logger)
    const board = new HookBoard((fault) => logger.error(fault, 'a plugin failed in a hook'))
    const parts = collect(plugins)
    this.contributions = { ...parts, ready: () => this.#lifecycle.ready }
    this.#give(Clock, clock)
    this.#give(Logger, logger)
    this.#give(HostInfo, this.host)
    this.#give(Config, {
      current: () => this.#config,
      folder: () => dirname(resolve(this.#file)),
      changed: (fn) => this.#listen(fn),
    })
    this.#give(Secrets, createSecrets(this.#container.many(SecretStore)))
    this.#give(HookCalls, board)
    this.#give(Contributions, this.contributions)
    for (const plugin of plugins) this.#setUp(plugin, board, parts)
  }

  /** What a plugin's need would be met with. */
  get<N extends Need>(need: N): Met<N> {
    return this.#container.meet(need)
  }

  config(): LongshoreConfig {
    return this.#config
  }

  async start(): Promise<void> {
    try {
      mkdirSync(this.host.data, { recursive: true, mode: 0o700 })
    } catch (cause) {
      throw new InputError('DATA_FOLDER', `the data folder ${this.host.data} cannot be made`, {
        cause,
        hint: 'Name another one by `data` in the config or LONGSHORE_DATA, or make it writable.',
      })
    }
    await this.#lifecycle.start()
  }

  /** Ends everything in reverse order, each part within its deadline; never rejects. */
  async stop(): Promise<void> {
    await this.#lifecycle.stop()
    this.#container.clear()
  }

  /** Applies a new config and answers what changed, or throws its faults and keeps the one that runs. */
  async reconfigure(document: ConfigDocument): Promise<string[]> {
    const next = this.#parse(document)
    const before = this.#config
    const changes = configDifferences(before, next)
    // Plugins were given their sections when they were set up.
    const fixed = ['host', 'data', 'plugins', ...this.#sections].filter(
      (key) => key in next && changes.includes(key),
    )
    if (fixed.length > 0) {
      throw new InputError('CONFIG_FIXED', `${fixed.join(' and ')} cannot change while Longshore runs`, {
        hint: 'Change it back, or stop Longshore and start it with the new config.',
      })
    }
    this.#config = next
    this.#file = document.file
    for (const listener of this.#listeners) await listener()
    return changes
  }

  #parse(document: ConfigDocument): LongshoreConfig & Record<string, unknown> {
    const parsed = parseConfig(document, this.#schema)
    return { ...parsed, host: parsed.host ?? hostname().slice(0, 63) }
  }

  #give<T>(token: OneToken<T>, value: T): void {
    this.#container.provideOne(token, value)
  }

  #listen(fn: () => Promise<void>): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  #setUp(plugin: Plugin, board: HookBoard, parts: ReturnType<typeof collect>): void {
    const { name } = plugin
    const needs = Object.entries((plugin.needs ?? {}) as Needs)
    const provides: Token[] = plugin.provides ?? []
    const refuse = (token: Token) => {
      if (provides.some((each) => each.name === token.name)) return
      const hint = `Add ${token.name} to its provides.`
      throw new InputError('PLUGIN_UNDECLARED', `${name} provides ${token.name}, but does not say so`, {
        hint,
      })
    }
    const life = this.#lifecycle.for(name)
    const context: SetupContext<unknown, any> = {
      name,
      config: sectionOf(this.#config, plugin),
      needs: Object.fromEntries(needs.map(([key, need]) => [key, this.#container.meet(need)])),
      provide: (token: Token<any>, ...rest: unknown[]) => {
        refuse(token)
        if (token.arity === 'one') this.#container.provideOne(token as OneToken<any>, rest[0])
        else this.#container.provideMany(token as ManyToken<any>, rest[0] as string, rest[1])
      },
      hooks: board.for(name, life, (undo) => this.#lifecycle.undo(undo)),
      routes: { add: (shape, handler) => void parts.routes.push({ plugin: name, shape, handler } as Route) },
      topics: { add: (shape, watch) => void parts.topics.push({ plugin: name, shape, watch }) },
      doctor: { add: (line, look) => void parts.doctor.push({ plugin: name, line, look }) },
      metrics: { add: (metric) => declareMetric(parts.metrics, name, metric) },
      sites: { add: (site) => void parts.sites.push(site) },
      build: (guest) => this.#container.build(guest),
    }
    plugin.setup(context)
  }
}

/** What is declared outside of `setup`, and the lists that `setup` adds to. */
function collect(plugins: readonly Plugin[]) {
  return {
    plugins: plugins.map(({ name, version = '0.0.0', provides = [] }) => ({
      name,
      version,
      provides: provides.map((each: Token) => each.name),
    })),
    ...declaredKinds(plugins),
    slices: [...coreProtocol.slices, ...plugins.flatMap(({ protocol }) => protocol?.slices ?? [])] as Slice[],
    routes: [] as Route[],
    topics: [] as Topic[],
    metrics: [] as DeclaredMetric[],
    sites: [] as Site[],
    doctor: [] as { plugin: string; line: string; look: Contributions['doctor'][number]['look'] }[],
  }
}
