export { ServiceName, HostName, Sha, Timestamp, DeploymentId, placementKey } from './names.js'
export { Duration, Size, parseDuration, parseEnd, parseSize, parseTime } from './units.js'
export { Actor, actorWord, pollActor, systemActor } from './actor.js'
export { Commit, SourceRef, type CommitHistory } from './commit.js'
export { Deployment, Outcome, Phase, Trigger } from './deployment.js'
export {
  coreEvents,
  Envelope,
  isKind,
  type CoreDraft,
  type CoreEvents,
  type CoreKind,
  type Event,
  type EventDraft,
  type EventOf,
} from './event.js'
export { Difference, Drift, DriftPolicy } from './drift.js'
export { nextHeal, type NextHeal } from './heal.js'
export type { CommitStatus, HookRequest, HookVerdict } from './hook.js'
export { HostState } from './host.js'
export { Made } from './made.js'
export { differenceBetween, Preview } from './preview.js'
export { Sample } from './sample.js'
export { eventMatcher, type EventFilter } from './event-filter.js'
export { CheckState, Hold, Instance, Kept, Pin, Placement, Quarantine } from './placement.js'
export { SecretRef } from './secret-ref.js'
export { reduce, showState, slice, type ProtocolPart, type Sees, type Slice, type State } from './slice.js'
export { coreProtocol } from './core-part.js'
export { parsePoint, type Point } from './point.js'
export { Problem } from './problem.js'
export {
  Accepted,
  Alive,
  CommitPage,
  CommitView,
  Info,
  OutputLine,
  Overview,
  Page,
  PlacementView,
  RawBody,
  ServiceView,
  shape,
  StateWord,
  type Right,
  type RouteShape,
} from './rest.js'
export {
  coreTopics,
  Credit,
  Frame,
  LiveAuth,
  Origin,
  Piece,
  SampleFrame,
  TextFrame,
  topic,
  Unwatch,
  Watch,
  type EventsTold,
  type Hello,
  type LiveRequests,
  type LiveTellings,
  type TopicFrame,
  type TopicShape,
  type Watching,
} from './live.js'
export { coreRoutes, EventQuery, HostQuery, ListQuery } from './core-routes.js'
export {
  alive,
  barOf,
  desired,
  gaveUp,
  illChecks,
  isBarred,
  isDrifted,
  isLost,
  knownCommits,
  satisfied,
  wayBack,
  type Desired,
} from './desired.js'
export { ActedWhere, Where, WhereItem } from './where.js'
export { PlanView } from './plan-view.js'
export { DeploymentDiff } from './diff.js'
export { gateAnswer, type GateAnswer } from './gate.js'
export { nextStep } from './next.js'
export { viewOf } from './view.js'
export { stateOf, why } from './why.js'
export { configSchema, sectionOf, type LongshoreConfig } from './config.js'
export {
  checkName,
  type CheckConfig,
  type ConfigPart,
  type RunConfig,
  type ServiceConfig,
  type SourceConfig,
} from './service-config.js'
export { checkGitRef, checkGitUrl, judgeGitUrl, type GitAddress, type GitUrlRules } from './git-url.js'
export {
  checkConfig,
  configDifferences,
  faultLine,
  type ConfigDocument,
  type ConfigFault,
} from './config-check.js'
export { nearest } from './nearest.js'
export { hidden, showHidden } from './hidden.js'
