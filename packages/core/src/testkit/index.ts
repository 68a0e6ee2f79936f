export {
  newWorld,
  startTestKernel,
  type TestKernel,
  type TestKernelOptions,
  type TestWorld,
} from './kernel.js'
export { happened, settled } from './events.js'
export type { Law } from './law.js'
export { routeRequest } from './route-request.js'
export { verifyPlugin } from './verify-plugin.js'
export { needs, type Part, type PartAnswer } from './needs.js'

export { gateLaws, type GateSubject } from './laws/gate.js'
export { hexSender, hubPush, type HexSender } from './forge-deliveries.js'
export { forgeLaws } from './laws/forge.js'
export { forgeSectionLaws } from './laws/forge-section.js'
export type { ForgeSubject } from './laws/forge-subject.js'
export { gitProviderLaws, type GitSubject } from './laws/git-provider.js'
export { healthProbeLaws, type ProbeSubject } from './laws/health-probe.js'
export { runtimeLaws, type RuntimeSubject } from './laws/runtime.js'
export type { SubjectCommands } from './laws/runtime-commands.js'
export { rewindLaws, type RewindSubject } from './laws/rewind.js'
export { Replay } from '../rewind/moment.js'
export { Snapshots, snapshotEvery } from '../rewind/snapshots.js'
export { secretStoreLaws, type SecretSubject } from './laws/secret-store.js'
export { statsLaws, type StatsSubject } from './laws/stats.js'
export { telemetryLaws, type TelemetrySubject } from './laws/telemetry.js'
export { storageLaws } from './laws/storage.js'
export type { OpenedStorage, StoragePlace } from './laws/storage-place.js'

export { FakeGate, type FakeHolder } from './fakes/gate.js'
export { FakeForge, FakeForgeConfig, fakeHook } from './fakes/forge.js'
export { FakeGit, type FakeCommit, type FakeFile } from './fakes/git-provider.js'
export { FakeProbe } from './fakes/health-probe.js'
export { FakeRun, FakeRuntime } from './fakes/runtime.js'
export { FakeSecretStore } from './fakes/secret-store.js'
export { FakeTelemetry } from './fakes/telemetry.js'
export { memoryDisk, MemoryStorage, type MemoryDisk } from './fakes/storage.js'

export { madeEvents, madeSince } from './laws/storage-made.js'
export { GitRepository, runGit, type CommitOptions, type TreeFile } from './git-repository.js'
export {
  GitServer,
  startGitServer,
  type GitServerCount,
  type GitServerManners,
  type GitServerOptions,
} from './git-server.js'
export { composeBinary, DockerEngine, testImage } from './docker-engine.js'
export { Gitea, giteaBinary } from './gitea.js'
export { schemathesisBinary } from './schemathesis.js'
export { HandClock } from './hand-clock.js'
export { randomOf } from './random.js'
export { Strangers } from './strangers.js'
