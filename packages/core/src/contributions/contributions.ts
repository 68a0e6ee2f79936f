import type { z } from 'zod'
import type { DeclaredMetric } from '../metrics/declare.js'
import type { Right, Slice } from '../protocol/index.js'
import type { DoctorLine } from '../kernel/plugin.js'
import type { Route } from './route.js'
import type { Site } from './site.js'
import { token } from '../kernel/token.js'
import type { Topic } from './topic.js'

/** What the plugins declared for others to serve. Complete once every plugin is set up: read it in `started`. */
export interface Contributions {
  readonly plugins: readonly { name: string; version: string; provides: string[] }[]
  readonly routes: readonly Route[]
  readonly topics: readonly Topic[]
  readonly slices: readonly Slice[]
  /** Event kinds with the schema of their data. */
  readonly kinds: ReadonlyMap<string, z.ZodType>
  /** Rights that reading events takes beside `events:read`, by kind. */
  readonly rights: ReadonlyMap<string, Right>
  readonly doctor: readonly { plugin: string; line: string; look(signal: AbortSignal): Promise<DoctorLine> }[]
  readonly metrics: readonly DeclaredMetric[]
  readonly sites: readonly Site[]
  /** Whether everything has started and nothing has begun to stop. */
  ready(): boolean
}

export const Contributions = token<Contributions>('Contributions')
