// Contracts: what plugins provide and need. An interface and its token share a name.
export { Gate, type Ask, type Caller, type Grant, type Identity, type Knock } from './contracts/gate.js'
export {
  GitProvider,
  type CheckoutReport,
  type Credential,
  type Nudges,
  type Sighting,
  type Source,
} from './contracts/git-provider.js'
export { Forge, type ForgeAccess, type ForgeSecrets } from './contracts/forge.js'
export type { CommitStatus, HookRequest, HookVerdict } from './protocol/index.js'
export { HealthProbe, type CheckTarget, type Verdict } from './contracts/health-probe.js'
export {
  Runtime,
  type ApplyContext,
  type Command,
  type Exit,
  type FoundInstance,
  type InstanceChange,
  type Output,
  type PlacementRef,
  type Plan,
  type RuntimeChange,
} from './contracts/runtime.js'
export { SecretStore } from './contracts/secret-store.js'
export {
  Storage,
  type Batch,
  type DocumentQuery,
  type DocumentWrite,
  type EventFilter,
  type EventPage,
  type EventQuery,
} from './contracts/storage.js'
export {
  Telemetry,
  type LogFrame,
  type LogLine,
  type LogQuery,
  type StatsQuery,
} from './contracts/telemetry.js'

// Kernel: plugins, their order and life, and what every plugin may need.
export {
  definePlugin,
  type DoctorLine,
  type Plugin,
  type PluginDefinition,
  type SetupContext,
} from './kernel/plugin.js'
export { inject } from './kernel/container.js'
export {
  manyToken,
  optional,
  token,
  type ManyToken,
  type Met,
  type Need,
  type Needs,
  type OneToken,
  type Token,
} from './kernel/token.js'
export {
  refuseIf,
  type Asking,
  type Hook,
  type Hooks,
  type Judgement,
  type Refusal,
  type Settlement,
  type Undo,
  type Vouch,
} from './kernel/hooks.js'
export {
  JsonReply,
  StreamReply,
  type Route,
  type RouteHandler,
  type RouteRequest,
} from './contributions/route.js'
export type { Site, Sites } from './contributions/site.js'
export type { Topic, TopicWatch } from './contributions/topic.js'
export type { DeclaredMetric } from './metrics/declare.js'
export type { Labels, Metric, Metrics, Sample, Tell } from './metrics/metric.js'
export { Config, ConfigError, parseConfig } from './kernel/config.js'
export { faultLine, nearest, type ConfigDocument, type ConfigFault } from './protocol/index.js'
export { Contributions } from './contributions/contributions.js'
export { HostInfo } from './kernel/host.js'
export { Clock, systemClock } from './kernel/clock.js'
export { persist } from './waiting/backoff.js'
export { Semaphore } from './waiting/semaphore.js'
export { Bell } from './waiting/bell.js'
export { Commands } from './waiting/command.js'
export { deadline, within } from './waiting/deadline.js'
export {
  AwayError,
  BusyError,
  DeadlineError,
  describeError,
  InputError,
  LongshoreError,
  MissingError,
  RefusedError,
  UnavailableError,
  UnprovenError,
} from './kernel/errors.js'
export { createLogger, Logger, type LoggerOptions, type LogLevel } from './kernel/logger.js'
export { Secret } from './kernel/secret.js'
export { Secrets } from './kernel/secrets.js'
export { newId } from './kernel/ids.js'
export type { Kernel, KernelOptions } from './kernel/kernel.js'

// Flow: the journal and the one door for changing what runs.
export { Journal } from './journal/journal.js'
export { Flow } from './flow/flow.js'
export type { Moment } from './rewind/moment.js'
export type { Request } from './requests/requests.js'
export { servicesOf, type Service } from './flow/service.js'
export { deploymentUnknown, serviceUnknown } from './requests/unknown.js'

// What is printed: bounded logs of byte-exact lines, and many of them read as one.
export {
  closeSources,
  lastOf,
  LineLog,
  LiveLines,
  mergeLines,
  readLines,
  sourceOf,
  type LineLogOptions,
  type LineQuery,
  type LineSource,
} from './linelog/index.js'

// What is watched live: one reader for many viewers, and lines as text.
export { FanOut } from './fanout/fanout.js'
export { textFrames } from './fanout/text.js'

// What instances use: readings of cgroups and processes, shared by whoever watches.
export { cgroupsNamed, cgroupsOf, readCgroups, type CgroupFolders } from './usage/cgroup.js'
export { readNetwork, readProcesses, sharesNetwork } from './usage/processes.js'
export { readingOf, type Reading } from './usage/reading.js'
export { SharedLooks, type Gauge } from './usage/looks.js'

// What forges have in common: signatures, payloads, commit statuses.
export * from './webhooks/index.js'
export { sameAddress } from './admission/barring.js'

export { createLongshore, reconfigure, type LongshoreOptions } from './longshore.js'
