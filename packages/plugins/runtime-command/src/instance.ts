import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LineLog } from '@longshore/core'
import type { ApplyContext, Clock, Logger, Plan, Secrets } from '@longshore/core'
import { Cgroup, type Cgroups } from './cgroup.js'
import type { Changes } from './changes.js'
import { environment, resolveCommand, type Resolved } from './command.js'
import type { CommandRun } from './config.js'
import { roomless, upFailed } from './errors.js'
import { Members } from './members.js'
import { closeEnds, makePipes, openEnds, PipeReader, sparePipes, type Sink } from './pipes.js'
import { isAlive, type Identity } from './processes.js'
import type { InstanceRecord, Records } from './records.js'
import { adopt, allGone, see, start, type Exit, type Started } from './start.js'

export interface Tools {
  clock: Clock
  log: Logger
  records: Records
  secrets: Secrets
  changes: Changes
  cgroups: Cgroups
}

/** Bounds of an instance's log: 32 MiB. */
const logBounds = { segmentBytes: 4 * 2 ** 20, segments: 8 }
/** Milliseconds that a supervised process must live for its deployment to succeed. */
const trial = 500
/** Milliseconds before a process is started again: doubled each time, back to the first after a while of running. */
const pauses = { first: 1_000, longest: 60_000, forgottenAfter: 60_000 }
/** The longest grace (ms) for what failed or was aborted: somebody waits for the next one, or for Longshore to stop. */
export const failedGrace = 15_000
const unseen: Exit = { exitCode: null, signal: null }

/** What one deployment runs: a supervised process and all that it starts, or what a job leaves behind. */
export class Instance {
  readonly plan: Plan<CommandRun>
  readonly members: Members
  readonly #tools: Tools
  readonly #home: string
  #record: InstanceRecord
  #log: LineLog | undefined
  /** Where output goes while it is brought up; later it goes to the log. */
  #sink: Sink | undefined
  /** Aborts when it shall run no more; and when that is so. */
  #ending = new AbortController()
  #ended = new AbortController()
  #life: Promise<void> | undefined

  /** `shared` tells whether another instance runs in the same folder. */
  constructor(record: InstanceRecord, tools: Tools, shared: () => boolean) {
    const { service, deployment, directory } = (this.plan = record.plan)
    this.#record = record
    this.#tools = tools
    this.#home = tools.records.home(service, deployment)
    const marks = { mark: tools.records.mark(record.plan), home: this.#home, deployment, directory, shared }
    this.members = new Members(marks, tools.cgroups, tools.clock)
    this.members.leader = record.process
    this.members.gone = record.process === undefined
    if (record.cgroup !== undefined) this.members.cgroup = new Cgroup(record.cgroup)
  }

  get up(): boolean {
    return this.#record.state === 'up'
  }

  /** Whether a process of it is alive, or will be started again. */
  get running(): boolean {
    return this.#life !== undefined
  }

  /** Whether its `up` began and did not succeed: what that left elsewhere only `down` can end. */
  get owesDown(): boolean {
    const { keepAlive, down } = this.plan.run
    return !keepAlive && down !== undefined && !this.up && this.#record.process !== undefined
  }

  get pid(): number | undefined {
    return this.#record.process?.pid
  }

  /**
   * Brings it up for the first time. Resolves when the job succeeded, or the supervised process lives. Errors: those of
   * the command, UP_FAILED, and the signal's reason; then nothing of it is left, but a `down` that is owed.
   */
  async begin(command: Resolved, { signal, output, secret }: ApplyContext): Promise<void> {
    const { keepAlive } = this.plan.run
    let started: Started | undefined
    try {
      const env = await this.#environment(secret)
      signal.throwIfAborted()
      await makePipes(this.#home)
      await this.#openLog()
      this.#sink = async (stream, chunk) => {
        if (keepAlive) await this.#log!.write(stream, chunk)
        await output.write(stream, chunk)
      }
      signal.throwIfAborted()
      started = await this.#start(command, env)
      const exit = await see(started, keepAlive ? trial : undefined, signal, this.#tools.clock)
      if (exit) await this.members.reader?.drained()
      if (exit && (keepAlive || exit.exitCode !== 0)) throw upFailed(command, exit, keepAlive)
      this.#sink = undefined
      await this.#save({ state: 'up' })
      if (keepAlive) this.#life = this.#keep(started)
      else await this.#leave()
    } catch (error) {
      const grace = Math.min(this.plan.run.grace, failedGrace)
      if (this.owesDown) await this.stop(grace).then(() => this.close())
      else await this.end(grace)
      if (started && keepAlive) this.#tell({ kind: 'exited', ...(await started.exit) })
      throw roomless(error)
    }
  }

  /** Takes up what an earlier Longshore started; answers whether anything of it is alive. */
  async takeUp(marked: readonly Identity[]): Promise<boolean> {
    const leader = this.#record.process
    const led = leader !== undefined && this.plan.run.keepAlive && isAlive(leader)
    const left = [...(this.members.cgroup?.members() ?? []), ...marked]
    if (this.plan.run.keepAlive ? !led : left.length === 0) return false
    await this.#openLog()
    this.#attach()
    this.#tell({ kind: 'started', pid: this.pid, adopted: true })
    if (led) this.#life = this.#keep(adopt(leader, this.#tools.clock, this.#ended.signal))
    else this.#life = this.#linger(left)
    return true
  }

  /** Starts a supervised process again that was ended for a newer one which then failed. */
  revive(): void {
    this.#ending = new AbortController()
    this.#ended = new AbortController()
    if (this.plan.run.keepAlive) this.#life = this.#keep(undefined)
  }

  /** Ends all that runs of it; its record stays. Resolves when it is verified gone. Errors: PROCESS_STUCK. */
  async stop(grace = this.plan.run.grace): Promise<void> {
    this.#ending.abort()
    if (!this.members.gone && !this.members.reader) this.#attach()
    await this.members.end(grace)
    this.#ended.abort()
    await this.#life
    this.#life = undefined
  }

  /** Ends all that runs of it, and forgets it; its log stays to be read. */
  async end(grace = this.plan.run.grace): Promise<void> {
    await this.stop(grace)
    await this.close()
    await this.#tools.records.remove(this.plan)
    sparePipes(this.#home)
  }

  /** Finishes the log. */
  async close(): Promise<void> {
    this.members.reader?.close()
    await this.#log?.close()
    this.#log = undefined
  }

  /** Keeps it alive until it shall end: started again after a pause whenever it ended. */
  async #keep(first: Started | undefined): Promise<void> {
    const { clock } = this.#tools
    const { signal } = this.#ending
    let started = first
    let pause = first ? pauses.first : 0
    let exit = unseen
    while (!signal.aborted) {
      if (!started) {
        await clock.sleep(pause, signal).catch(() => {})
        pause = Math.min(Math.max(pause * 2, pauses.first), pauses.longest)
        if (!signal.aborted) started = await this.#again()
        continue
      }
      const began = clock.monotonic()
      exit = await started.exit
      started = undefined
      if (signal.aborted) break
      if (clock.monotonic() - began >= pauses.forgottenAfter) pause = pauses.first
      // What it started must not meet its successor.
      await this.members
        .end(this.plan.run.grace)
        .catch((error: unknown) => this.#note('the process could not be ended whole', error))
      this.#tell({ kind: 'exited', ...exit, restartIn: pause })
    }
    this.#tell({ kind: 'exited', ...exit })
  }

  /** Starts it once more, with secrets opened anew; undefined when that failed, which is told in its log. */
  async #again(): Promise<Started | undefined> {
    try {
      const command = await resolveCommand(this.plan.run.up, this.plan.directory)
      const env = await this.#environment((reference) =>
        this.#tools.secrets.open(reference, this.#ending.signal),
      )
      this.#ending.signal.throwIfAborted()
      return await this.#start(command, env)
    } catch (error) {
      if (!this.#ending.signal.aborted) await this.#note('the process could not be started again', error)
      return undefined
    }
  }

  /** What a job leaves in the background belongs to its deployment: told, and watched to its end. */
  async #leave(): Promise<void> {
    const left = await this.members.left()
    if (left.length === 0) return
    this.#tell({ kind: 'started', pid: left[0]!.pid })
    this.#life = this.#linger(left)
  }

  async #linger(left: readonly Identity[]): Promise<void> {
    const { signal } = this.#ended
    for (let alive = left; alive.length > 0 && !signal.aborted; alive = await this.members.left())
      await allGone(alive, this.#tools.clock, signal)
    this.#life = undefined
    this.#tell({ kind: 'exited', ...unseen })
  }

  /** Starts the command with fresh ends of the pipes. Nothing is awaited before the spawn: see `stop`. */
  async #start(command: Resolved, env: Record<string, string>): Promise<Started> {
    const ends = openEnds(this.#home)
    try {
      this.#read()
      const { directory: cwd } = this.plan
      const started = await start(command, { env, cwd, ends, members: this.members })
      // It runs, recorded or not: without a record it is found by its cgroup or its mark.
      const known = { process: started.identity, cgroup: this.members.cgroup?.path }
      await this.#save(known).catch((error: unknown) => this.#note('its record was not kept', error))
      if (this.plan.run.keepAlive) this.#tell({ kind: 'started', pid: started.identity.pid })
      return started
    } finally {
      closeEnds(ends)
    }
  }

  /** Takes in what is printed by those who hold the pipes; of what nobody holds it meets the end. */
  #attach(): void {
    if (!existsSync(join(this.#home, 'stderr'))) return
    // Opened for writing for a moment: a reader whom no writer ever met is never told of the end.
    const ends = openEnds(this.#home)
    this.#read()
    closeEnds(ends)
  }

  #read(): void {
    this.members.reader?.close()
    this.members.reader = new PipeReader(
      this.#home,
      (stream, chunk) => this.#sink?.(stream, chunk) ?? this.#print(stream, chunk),
    )
  }

  async #print(stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void> {
    await this.#log?.write(stream, chunk)
  }

  async #openLog(): Promise<void> {
    this.#log ??= await LineLog.open(join(this.#home, 'log'), { ...logBounds, clock: this.#tools.clock })
  }

  async #note(what: string, error: unknown): Promise<void> {
    const { service } = this.plan
    this.#tools.log.warn({ error, service }, what)
    await this.#log?.write('note', `${what}: ${error instanceof Error ? error.message : String(error)}`)
  }

  #environment(secret: ApplyContext['secret']): Promise<Record<string, string>> {
    return environment(this.plan, this.#tools.records.mark(this.plan), secret)
  }

  async #save(change: Partial<InstanceRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change }
    await this.#tools.records.save(this.#record)
  }

  #tell(
    change:
      { kind: 'started'; pid?: number; adopted?: boolean } | ({ kind: 'exited'; restartIn?: number } & Exit),
  ): void {
    const { service, host, deployment } = this.plan
    this.#tools.changes.tell({ service, host, deployment, instance: deployment, ...change })
  }
}
