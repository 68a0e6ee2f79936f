import { DeadlineError, describeError, LongshoreError, UnavailableError } from '@longshore/core'
import type {
  ApplyContext,
  Command,
  Exit,
  FoundInstance,
  PlacementRef,
  Plan,
  Runtime,
  InstanceChange,
} from '@longshore/core'
import { resolveCommand } from './command.js'
import type { CommandRun } from './config.js'
import { runDown } from './down.js'
import { Instance, type Tools } from './instance.js'
import type { Made, Preview } from '@longshore/core/protocol'
import { look, type Seen } from './look.js'
import { OneOffs, runs } from './one-off.js'
import { madeOf, previewOf } from './preview.js'
import { endProcesses } from './processes.js'
import type { InstanceRecord } from './records.js'

/** Milliseconds between SIGTERM and SIGKILL for what has no record that would say otherwise. */
const strayGrace = 5_000
/** The longest grace when Longshore itself stops: whoever stops it does not wait for minutes. */
const closeGrace = 15_000

/** Runs commands as jobs and supervised processes. What was started is found again by its record and by its mark. */
export class CommandRuntime implements Runtime<CommandRun> {
  readonly supports = { keepsOld: true, runs }
  readonly #tools: Tools
  readonly #oneOffs: OneOffs
  /** By service, oldest first: one, or for moments the one that is replaced and its successor. */
  readonly #instances = new Map<string, Instance[]>()
  /** The end of each service's last call: calls for one service take turns. */
  readonly #turns = new Map<string, Promise<unknown>>()
  #recovery: Promise<void> | undefined
  #closing = false

  constructor(tools: Tools) {
    this.#tools = tools
    this.#oneOffs = new OneOffs(tools)
  }

  apply(plan: Plan<CommandRun>, context: ApplyContext): Promise<Made> {
    return this.#turn(plan.service, async () => {
      await this.#apply(plan, context)
      return madeOf(plan)
    })
  }

  async preview(plan: Plan<CommandRun>): Promise<Preview> {
    await this.recover()
    return previewOf(plan, this.#of(plan.service))
  }

  end({ service }: PlacementRef, context: ApplyContext): Promise<void> {
    return this.#turn(service, async () => {
      await this.#oneOffs.commands.end(service)
      for (const instance of [...this.#of(service)]) {
        await this.#down(instance, context)
        await this.#forget(instance)
      }
    })
  }

  /**
   * Only `down` can end what a job started elsewhere, so it must succeed; a supervised process is ended in any case. Of
   * a job that never came up it may be broken as well: it is tried, and that is all.
   */
  async #down(instance: Instance, context: ApplyContext): Promise<void> {
    try {
      await runDown(instance, context, this.#tools)
    } catch (error) {
      if (!instance.plan.run.keepAlive && instance.up) {
        await instance.stop()
        throw error
      }
      const { code, reason } = describeError(error)
      await context.output.write('note', `${code}: ${reason}\n`)
    }
  }

  async find(): Promise<FoundInstance[]> {
    await this.recover()
    const running = [...this.#instances.values()].flat().filter((instance) => instance.running)
    return running.map(({ plan: { service, host, deployment }, pid }) => {
      return { service, host, deployment, instance: deployment, pid }
    })
  }

  /** What runs of a service: whoever tells what it uses has to know its processes. */
  async running({ service }: PlacementRef): Promise<Instance[]> {
    await this.recover()
    return this.#of(service).filter((instance) => instance.running)
  }

  async uses({ service }: PlacementRef): Promise<string[]> {
    await this.recover()
    return this.#of(service).map(({ plan }) => plan.deployment)
  }

  /** Of a service of any kind: of its `run` section only `env` and `grace` are read. */
  async run(command: Command, context: ApplyContext): Promise<Exit> {
    await this.recover()
    if (this.#closing) throw closed()
    return this.#oneOffs.run(command, context)
  }

  watch(signal: AbortSignal): AsyncIterable<InstanceChange> {
    return this.#tools.changes.watch(signal)
  }

  /** Once: takes up or ends whatever an earlier Longshore on the same data left. */
  recover(): Promise<void> {
    return (this.#recovery ??= this.#recover())
  }

  /** Longshore stops: so does all that it supervises. Records stay, so that the next start knows what is missing. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#recovery
    await this.#oneOffs.commands.close()
    const services = [...this.#instances.keys()]
    await Promise.all(services.map((service) => this.#turn(service, () => this.#shut(service))))
    this.#tools.cgroups.close()
  }

  async #shut(service: string): Promise<void> {
    for (const instance of this.#of(service)) {
      await instance
        .stop(Math.min(instance.plan.run.grace, closeGrace))
        .catch((error: unknown) => this.#tools.log.error({ error, service }, 'a process stays behind'))
      await instance.close()
    }
  }

  async #turn<T>(service: string, work: () => Promise<T>): Promise<T> {
    await this.recover()
    const worked = (this.#turns.get(service) ?? Promise.resolve()).then(work, work)
    const turn = worked.finally(() => this.#clean(service))
    this.#turns.set(service, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(service) === turn) this.#turns.delete(service)
    }
  }

  /** Whatever came of it, the oldest logs go; that this fails harms nobody. */
  async #clean(service: string): Promise<void> {
    await this.#tools.records.clean(service).catch((error: unknown) => {
      this.#tools.log.warn({ error, service }, 'old logs could not be removed')
    })
  }

  async #apply(plan: Plan<CommandRun>, context: ApplyContext): Promise<void> {
    const { service, deployment } = plan
    if (this.#closing) throw closed()
    const late = new DeadlineError('UP_TIMEOUT', `up took longer than ${plan.timeout} ms`, {
      hint: 'Give it more time in the config (run.timeout), or find out in its output what it waits for.',
    })
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(late), plan.timeout)
    const signal = AbortSignal.any([context.signal, deadline.signal])
    try {
      signal.throwIfAborted()
      const olds = this.#of(service).filter((each) => each.plan.deployment !== deployment)
      const same = this.#of(service).find((each) => each.plan.deployment === deployment && each.up)
      if (!same) await this.#replace(olds, plan, { ...context, signal })
      for (const old of olds) await this.#forget(old)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Brings the new one up, before or after the old one ended; when that fails, the old one runs as before. */
  async #replace(olds: Instance[], plan: Plan<CommandRun>, context: ApplyContext): Promise<void> {
    const { run } = plan
    const command = await resolveCommand(run.up, plan.directory)
    const first = (run.replace ?? (run.keepAlive ? 'after' : 'before')) === 'after'
    const instance = this.#instance({ version: 1, plan, state: 'starting' })
    try {
      if (first) for (const old of olds) await old.stop()
      context.signal.throwIfAborted()
      await instance.begin(command, context)
    } catch (error) {
      // One that could not be stopped runs still.
      const stopped = describeError(context.signal.reason).code === 'DEPLOYMENT_STOPPED'
      if (first && !this.#closing && !stopped) for (const old of olds) if (!old.running) old.revive()
      if (instance.owesDown) await this.#owe(instance)
      // It may live still: whoever wants it gone shall not be told that it is.
      else if (!instance.members.gone) this.#add(instance)
      throw error
    }
    this.#add(instance)
  }

  /** Keeps an instance for its `down`; the newest that failed stands for those before it. */
  async #owe(instance: Instance): Promise<void> {
    const { service, deployment } = instance.plan
    for (const older of this.#of(service).filter(({ owesDown }) => owesDown)) {
      if (older.plan.deployment !== deployment) await older.end()
    }
    const up = this.#of(service).filter(({ owesDown }) => !owesDown)
    this.#instances.set(service, [...up, instance])
  }

  #instance(record: InstanceRecord): Instance {
    const { service, deployment, directory } = record.plan
    const shared = () =>
      this.#of(service).some(({ plan }) => plan.deployment !== deployment && plan.directory === directory)
    return new Instance(record, this.#tools, shared)
  }

  #add(instance: Instance): void {
    const { service } = instance.plan
    this.#instances.set(service, [...this.#of(service), instance])
  }

  #of(service: string): Instance[] {
    return this.#instances.get(service) ?? []
  }

  async #forget(instance: Instance): Promise<void> {
    await instance.end()
    const others = this.#of(instance.plan.service).filter((each) => each !== instance)
    if (others.length > 0) this.#instances.set(instance.plan.service, others)
    else this.#instances.delete(instance.plan.service)
  }

  async #recover(): Promise<void> {
    const { records, cgroups, clock, log } = this.#tools
    await records.open()
    cgroups.open(records.id)
    const marked = async () => (await look()).filter(({ mark }) => mark?.startsWith(records.marks))
    const before = await marked()
    const all = await records.all()
    for (const record of all) await this.#take(record, all, before)
    const kept = [...this.#instances.values()].flat()
    const [marks, paths] = [
      kept.map(({ plan }) => records.mark(plan)),
      kept.map(({ members }) => members.cgroup?.path),
    ]
    const stale = cgroups.all().filter(({ path }) => !paths.includes(path))
    const find = async () => [
      ...stale.flatMap((cgroup) => cgroup.members()),
      ...(await marked()).filter(({ mark }) => !marks.includes(mark!)),
    ]
    const kill = () => stale.forEach((cgroup) => cgroup.kill())
    await endProcesses({ find, kill }, strayGrace, clock).catch((error: unknown) => {
      log.error({ error: describeError(error) }, 'what an earlier run left could not be ended')
    })
    for (const cgroup of stale) cgroup.remove()
  }

  /** A deployment that was under way is ended; of what is up only the newest of a service stays, if it is alive. */
  async #take(record: InstanceRecord, all: InstanceRecord[], marked: Seen[]): Promise<void> {
    const { records } = this.#tools
    const { service, deployment, run } = record.plan
    const newer = all.some(
      ({ plan, state }) => plan.service === service && state === 'up' && plan.deployment > deployment,
    )
    const instance = this.#instance(record)
    const own = marked.filter(({ mark }) => mark === records.mark(record.plan))
    if (record.state === 'up' && !newer) {
      const alive = await instance.takeUp(own).catch((error: unknown) => {
        this.#tools.log.error({ error, service }, 'what runs could not be taken up')
        return false
      })
      // A job that left nothing is kept in mind too: its `down` is still owed.
      if (alive || !run.keepAlive) {
        this.#instances.set(service, [instance])
        return
      }
    }
    try {
      if (instance.owesDown && !newer) {
        await instance.stop()
        await this.#owe(instance)
      } else await instance.end()
    } catch (error) {
      if (!(error instanceof LongshoreError)) throw error
      this.#tools.log.error({ error, service }, 'what an earlier run left could not be ended')
      this.#add(instance)
    }
  }
}

function closed(): UnavailableError {
  return new UnavailableError('RUNTIME_CLOSED', 'Longshore is stopping: nothing is started any more', {
    hint: 'Nothing is to be done: it is deployed when Longshore runs again.',
  })
}
