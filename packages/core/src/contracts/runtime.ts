import type { Commit, Difference, Made, Preview } from '../protocol/index.js'
import type { Secret } from '../kernel/secret.js'
import { manyToken } from '../kernel/token.js'

/** One service on one host. */
export interface PlacementRef {
  service: string
  host: string
}

/** What shall run. Plans are never changed, only replaced by a new one. */
export interface Plan<Run = unknown> extends PlacementRef {
  deployment: string
  commit: Commit
  /** The service's `run` section, parsed by the schema that the kind's plugin declared. */
  run: Run
  /**
   * The service's folder in the commit's tree: absolute, on this host, not to be written to by the runtime. It is this
   * deployment's own, and stays as long as the runtime uses it.
   */
  directory: string
  /** Of the deployment that this one repeats: its images are used, whatever their names say now. */
  made?: Made
  /** LONGSHORE_SERVICE, _COMMIT, _DEPLOYMENT, _HOST: for everything that runs. */
  env: Readonly<Record<string, string>>
  /** Milliseconds that `apply`, and a later `end`, may take in all: the runtime keeps to it and says what it waited for. */
  timeout: number
}

/** Where a deployment's output goes. Resolves when it may be given more: await it, that is the back-pressure. */
export interface Output {
  write(stream: 'stdout' | 'stderr' | 'note', bytes: Uint8Array | string): Promise<void>
}

export interface ApplyContext {
  /**
   * Aborts when a newer deployment, a stop or the deadline ends this one. The reason's code is DEPLOYMENT_STOPPED when
   * nothing should run any more: then the old one is not brought back either.
   */
  signal: AbortSignal
  output: Output
  /** Opens what the plan refers to; the only place where a secret becomes a value. */
  secret(reference: { secret: string }): Promise<Secret>
  /** Does what only lets time pass: another deployment may have this one's place meanwhile. */
  aside<T>(work: () => Promise<T>): Promise<T>
}

/**
 * A command to its end, beside what runs: `checkout` on the host in the tree, `instance` in one that runs, else in a container of its own. With
 * `made` that is of the image that was used then. `timeout` is its own: whoever runs it ends it then with COMMAND_TIMEOUT.
 */
export interface Command<Run = unknown> extends Plan<Run> {
  argv: readonly string[]
  in: {
    kind: 'checkout' | 'instance' | 'container'
    /** Of a compose project: which of its services. */ service?: string
  }
}

/** How a command ended. */
export interface Exit {
  exitCode: number | null
  signal: string | null
}

/** Something that runs, found by what it is marked with. */
export interface FoundInstance extends PlacementRef {
  instance: string
  deployment: string
  /** What people call it among those of its service, also once it was made anew: `web-1`. Absent where it has no such name. */
  name?: string
  pid?: number
}

/** What happened to an instance, whether this runtime did it or not. `reason`: what code and signal do not tell. */
export type InstanceChange = PlacementRef & { deployment: string; instance: string; name?: string } & (
    | { kind: 'started'; pid?: number; adopted?: boolean }
    | { kind: 'exited'; exitCode: number | null; signal: string | null; restartIn?: number; reason?: string }
    | { kind: 'lost'; reason: string }
  )

/** What a runtime tells: of instances, of drift, and of the engine that it needs. */
export type RuntimeChange =
  | InstanceChange
  /**
   * How what runs differs now from what was applied; none: it is right again, whoever put it right, also by an `apply` or an
   * `end`. What the runtime does itself is no difference. It is told before the `lost` of what it tells of.
   */
  | (PlacementRef & { kind: 'drifted'; differences: Difference[] })
  /** The engine cannot be asked: nothing more is told until it answers again, and then all that changed meanwhile. */
  | { kind: 'away'; engine: string; code: string; reason: string }
  /** That was all. */
  | { kind: 'back'; engine: string }

/**
 * Runs services of one kind; the kind is the name under which it is provided, and one object may be provided under many.
 *
 * Law: `apply` is idempotent by deployment id: asked again for one that runs, it changes nothing. It resolves when the
 * plan's commit runs (for a job: when it succeeded) and what it replaced is gone, and may answer what it used. It throws an
 * `AwayError` when its engine cannot be asked; then it is called again. An aborted or failed `apply` leaves the
 * old one running if `keepsOld`. `end` resolves when nothing of the placement runs any more, however it was started, and
 * does nothing when nothing runs. Everything started is marked and found again by `find` after a restart of Longshore,
 * which adopts it or ends it: never twice, never orphaned. `uses` answers the deployments whose folders are still
 * needed: of what runs, and of what is yet to be ended. `watch` tells every change of an instance, in order, until
 * its signal aborts. `run` answers when the command and all that it began is gone, also when it is aborted; it is refused
 * with COMMAND_PLACE where it is not among `runs`. `preview` tells what `apply` would do, and throws what that would refuse; it
 * touches nothing: nothing is made, started, pulled or built.
 */
export interface Runtime<Run = any> {
  readonly supports: {
    keepsOld: boolean
    /** Where `run` can run a command; absent: nowhere. */ runs?: readonly Command['in']['kind'][]
  }
  apply(plan: Plan<Run>, context: ApplyContext): Promise<Made | void>
  end(placement: PlacementRef, context: ApplyContext): Promise<void>
  find(): Promise<FoundInstance[]>
  uses(placement: PlacementRef): Promise<string[]>
  watch(signal: AbortSignal): AsyncIterable<RuntimeChange>
  run?(command: Command<Run>, context: ApplyContext): Promise<Exit>
  preview?(plan: Plan<Run>, context: ApplyContext): Promise<Preview>
}

export const Runtime = manyToken<Runtime>('Runtime')
