import type { Command, Exit } from '../contracts/runtime.js'
import { DeadlineError, InputError, UnavailableError } from '../kernel/errors.js'

const places = {
  checkout: 'on the host, in its checkout',
  instance: 'in one of its instances',
  container: 'in a container of its own',
}

/** A runtime's commands that are under way. Each is carried out within its timeout, and to its end. */
export class Commands {
  readonly #runs: readonly Command['in']['kind'][]
  readonly #open = new Map<AbortController, { service: string; gone: Promise<Exit> }>()

  /** `runs`: where the runtime can run a command. */
  constructor(runs: readonly Command['in']['kind'][]) {
    this.#runs = runs
  }

  get underWay(): number {
    return this.#open.size
  }

  /**
   * `work` is given a signal that aborts when `parent` does, at the command's timeout or when it is ended, and answers when
   * nothing of the command is left. The time runs from when it calls `began`: what is got ready before is none of it. Errors: COMMAND_PLACE, COMMAND_TIMEOUT, COMMAND_ENDED, the parent's reason, those of `work`.
   */
  async run(
    command: Command,
    parent: AbortSignal,
    work: (signal: AbortSignal, began: () => void) => Promise<Exit>,
  ): Promise<Exit> {
    const { argv, service, timeout } = command
    this.#refuseElsewhere(command)
    parent.throwIfAborted()
    const late = new DeadlineError('COMMAND_TIMEOUT', `${argv[0]} took longer than ${timeout} ms`, {
      hint: 'Give it more time, or find out in its output what it waits for.',
    })
    const ends = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const began = () => void (timer = setTimeout(() => ends.abort(late), timeout))
    const gone = work(AbortSignal.any([parent, ends.signal]), began)
    this.#open.set(ends, { service, gone })
    try {
      return await gone
    } finally {
      clearTimeout(timer)
      this.#open.delete(ends)
    }
  }

  /** Ends those of a service; resolves when they are gone. */
  end(service: string): Promise<void> {
    return this.#end(`all that runs of ${service} was ended, this command too`, service)
  }

  /** Longshore stops: ends all of them. */
  close(): Promise<void> {
    return this.#end('Longshore stops, and this command with it')
  }

  async #end(why: string, service?: string): Promise<void> {
    const hint = 'It runs again with what wanted it: a deployment, a check or a person.'
    const some = [...this.#open].filter(([, each]) => service === undefined || each.service === service)
    for (const [ends] of some) ends.abort(new UnavailableError('COMMAND_ENDED', why, { hint }))
    await Promise.allSettled(some.map(([, { gone }]) => gone))
  }

  #refuseElsewhere({ service, in: { kind } }: Command): void {
    if (this.#runs.includes(kind)) return
    throw new InputError('COMMAND_PLACE', `no command of ${service} can run ${places[kind]}`, {
      hint: `Where its kind runs commands: ${this.#runs.map((each) => places[each]).join('; ')}.`,
    })
  }
}
