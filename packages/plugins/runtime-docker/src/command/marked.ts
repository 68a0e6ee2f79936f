import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupsNamed, deadline, type Clock } from '@longshore/core'
import { ignore, type Engine } from '../client.js'
import { commandStuck, isFault } from '../errors.js'
import type { ContainerDetails } from '../schema.js'
import { handOn } from './output.js'

/** The variable that a command in an instance carries, and hands on to what it starts in its turn. */
const markName = 'LONGSHORE_COMMAND'
const prefix = `${markName}=one-off-`

/** Milliseconds that processes may take to vanish after SIGKILL, and between two looks. */
const [killDeadline, pause] = [10_000, 50]
/** Milliseconds that a look within a container may take. */
const lookTime = 20_000

export function markOf(id: string): string {
  return `${prefix}${id}`
}

/** Signals that are sent; 0 only looks. */
type SignalName = 'TERM' | 'KILL' | '0'

/** Sends a signal to every process that carries the mark; answers how many there were, undefined when nobody can tell. */
type Send = (mark: string, signal: SignalName) => Promise<number | undefined>

/** The processes in a container that commands began, known by their mark. */
export class Marked {
  readonly #engine: Engine
  readonly #container: string
  readonly #clock: Clock
  readonly #root: string | undefined

  /** In tests `root` is where /proc is. */
  constructor(engine: Engine, container: string, clock: Clock, root?: string) {
    this.#engine = engine
    this.#container = container
    this.#clock = clock
    this.#root = root
  }

  /**
   * Ends those of a mark: SIGTERM, after the grace (ms) SIGKILL; resolves when none is left. Where nobody can tell, `runs` says
   * whether the command itself does. Errors: COMMAND_STUCK.
   */
  async end(mark: string, grace: number, runs: () => Promise<boolean>): Promise<void> {
    const details = await this.#look()
    const send = details && this.#sender(details)
    await this.#end(send, mark, grace, runs)
  }

  /** Ends what the commands of a Longshore left that is no more. */
  async endLeft(): Promise<void> {
    const details = await this.#look()
    const folders = details ? foldersOf(details, this.#root) : []
    if (!details || (folders.length === 0 && !details.ExecIDs?.length)) return
    await this.#end(this.#sender(details), prefix, 0, async () => false)
  }

  async #end(send: Send | undefined, mark: string, grace: number, runs: () => Promise<boolean>) {
    const began = this.#clock.monotonic()
    let killed: number | undefined
    for (let signal: SignalName = 'TERM'; ; await this.#clock.sleep(pause)) {
      const left = (await send?.(mark, signal)) ?? ((await runs()) ? undefined : 0)
      if (left === 0) return
      const now = this.#clock.monotonic()
      // From when they were told to: a look may take long on a busy machine.
      if (killed !== undefined && now - killed > killDeadline) throw commandStuck(this.#container, left)
      if (now - began > grace) killed ??= now
      signal = killed === undefined ? '0' : 'KILL'
    }
  }

  /** Undefined when it does not run. */
  async #look(): Promise<ContainerDetails | undefined> {
    const found = await this.#engine.inspect(this.#container).catch(ignore('missing'))
    return found?.State.Running ? found : undefined
  }

  #sender(details: ContainerDetails): Send {
    const folders = foldersOf(details, this.#root)
    if (folders.length === 0) return (mark, signal) => this.#inside(mark, signal)
    return async (mark, signal) => {
      const pids = pidsIn(folders).filter((pid) => environmentOf(pid).includes(`\0${mark}`))
      for (const pid of pids) tell(pid, signal)
      return pids.length
    }
  }

  /** By a shell in the container; it tells of no more than whether there are any. */
  async #inside(mark: string, signal: SignalName): Promise<number | undefined> {
    const abortSignal = deadline(lookTime)
    const options = { Cmd: ['sh', '-c', script, 'sh', mark, signal], AttachStdout: true, AttachStderr: true }
    let said = ''
    const output = { write: async (_: string, bytes: Uint8Array | string) => void (said += bytes.toString()) }
    try {
      const stream = await this.#engine.call(async (docker) => {
        const exec = await docker.getContainer(this.#container).exec({ ...options, abortSignal })
        return exec.start({ Detach: false, Tty: false, abortSignal })
      }, abortSignal)
      await handOn(stream, output)
    } catch (error) {
      if (isFault(error, 'missing', 'conflict')) return 0
      throw error
    }
    return /^\d+$/.test(said.trim()) ? Number(said) : undefined
  }
}

/** What has ended shows no environment, or has none to open any more: that is no word of the answer. */
const script = `n=0
for each in /proc/[0-9]*; do
  case "
$({ tr '\\0' '\\n' <$each/environ; } 2>/dev/null)" in *"
$1"*) n=$((n+1)); kill -"$2" "\${each#/proc/}" 2>/dev/null;; esac
done
echo $n`

/** Its cgroups, as far as their processes are seen from here: of another machine's container nothing here has the name. */
function foldersOf({ Id, State: { Pid } }: ContainerDetails, root: string | undefined): string[] {
  return [...cgroupsNamed(Id, Pid, root).values()].filter((folder) => allIn(folder).length > 0)
}

/** A hierarchy in which the container has a cgroup knows all of its processes. */
function pidsIn(folders: readonly string[]): number[] {
  for (const folder of folders) {
    const pids = allIn(folder)
    if (pids.length > 0) return pids
  }
  return []
}

function allIn(folder: string): number[] {
  try {
    const own = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').map(Number)
    const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [...own.filter((pid) => pid > 0), ...entries.flatMap(({ name }) => allIn(join(folder, name)))]
  } catch {
    return []
  }
}

/** With a NUL before each variable; empty when it is gone, or not ours to read. */
function environmentOf(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`
  } catch {
    return ''
  }
}

function tell(pid: number, signal: SignalName): void {
  try {
    process.kill(pid, signal === '0' ? 0 : `SIG${signal}`)
  } catch {
    // It ended in this moment: the next look tells.
  }
}
