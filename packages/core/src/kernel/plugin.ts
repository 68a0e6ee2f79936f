import type { z } from 'zod'
import type { Metrics } from '../metrics/metric.js'
import type { ProtocolPart, RouteShape, TopicShape } from '../protocol/index.js'
import type { Hooks } from './hooks.js'
import type { RouteHandler } from '../contributions/route.js'
import type { Sites } from '../contributions/site.js'
import type { ManyToken, MetAll, Needs, OneToken, Token } from './token.js'
import type { TopicWatch } from '../contributions/topic.js'

/** One line of `longshore doctor` and `/readyz`. */
export interface DoctorLine {
  ok: boolean
  /** What was found, in a sentence. */
  say: string
  /** When not ok: how to mend it. */
  hint?: string
}

export interface SetupContext<C, N extends Needs> {
  name: string
  config: C
  needs: MetAll<N>
  provide<T>(token: OneToken<T>, value: T): void
  provide<T>(token: ManyToken<T>, kind: string, value: T): void
  hooks: Hooks
  routes: { add<S extends RouteShape>(shape: S, handler: RouteHandler<S>): void }
  topics: { add<S extends TopicShape>(shape: S, watch: TopicWatch<S>): void }
  doctor: { add(line: string, look: (signal: AbortSignal) => Promise<DoctorLine>): void }
  metrics: Metrics
  sites: Sites
  /** For class-style plugins: makes an object whose constructor parameters all carry `inject(token)`. */
  build<T>(guest: new (...args: any[]) => T): T
}

/** A plugin as its author writes it. */
export interface PluginDefinition<C extends z.ZodType = z.ZodType, N extends Needs = Needs> {
  name: string
  version?: string
  /** Its section: the config's top-level key of the plugin's name. */
  config?: C
  /** Where that stands when it is a key of another plugin's section: `['auth', 'oidc']`. */
  section?: readonly [owner: string, key: string]
  /** Arrive typed, by the same names; whoever provides them is set up first. */
  needs?: N
  /** What `setup` will provide: the order is made from it before anything runs. */
  provides?: Token<any>[]
  /** Its event kinds and slices of state. */
  protocol?: ProtocolPart
  /** Schemas of the `run` sections of the kinds that it runs, without the `kind` key. */
  runs?: Record<string, z.ZodType>
  /** Schemas of the `checks` of the kinds that it provides a probe of, without the keys that every check has. */
  checks?: Record<string, z.ZodType>
  /** Schemas of the parts of `hooks` of the kinds of forge that it provides. */
  forges?: Record<string, z.ZodType>
  /** Keys that it adds to a service's `policy`. */
  policies?: Record<string, z.ZodType>
  /** Only registers; I/O begins in the `started` hook. */
  setup(context: SetupContext<z.output<C>, N>): void
}

/** A plugin as the kernel takes it. */
export type Plugin = PluginDefinition<any, any>

/** Types a plugin; the value is what was given. */
export function definePlugin<C extends z.ZodType, N extends Needs = Record<never, never>>(
  definition: PluginDefinition<C, N>,
): PluginDefinition<C, N> {
  return definition
}
