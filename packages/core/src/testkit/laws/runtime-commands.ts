import assert from 'node:assert/strict'
import type { ApplyContext, Command, Exit, Plan, Runtime, RuntimeChange } from '../../contracts/runtime.js'
import type { Made } from '../../protocol/index.js'
import { deadline } from '../../waiting/deadline.js'
import type { Law } from '../law.js'

const patience = 30_000
const kinds = ['checkout', 'instance', 'container'] as const
type Place = Command['in']['kind']

/** Commands beside what runs of a service of the subject's kind, by what they do. */
export interface SubjectCommands {
  /** Prints `one`, then `two`, a line each, and ends with exit code 3. */
  ends: readonly string[]
  /** Prints `began` when something that it started lasts in the background, and lasts too. */
  lasts: readonly string[]
  /** Leaves something in the background that lasts, prints `left` when it does, and ends with exit code 0. */
  leaves: readonly string[]
  /** How many processes of these commands are alive, counted by other means than the runtime's. */
  alive(): Promise<number>
}

/** What of a trial of a runtime is needed here. */
interface Trial {
  subject: {
    commands?: SubjectCommands
    alive(service: string): Promise<number>
    reopen(): Promise<Runtime>
  }
  runtime: Runtime
  apply(number: number, behaviour: 'lasts'): Promise<Made | void>
  found(): Promise<string[]>
  plan(number: number, behaviour: 'lasts', service: string): Plan
}
/** Begins a command of the trial's service, in the place that it is about. */
type Run = (what: 'ends' | 'lasts' | 'leaves', timeout?: number) => Running
type Define = (name: string, body: (trial: Trial) => Promise<void>) => Law

/** What a runtime owes that runs commands beside what runs: each law in each place that it says it can. */
export function commandLaws(define: Define): Law[] {
  const state = (name: string, body: (trial: Trial, run: Run) => Promise<void>) =>
    define(name, async (trial) => {
      const runs = trial.runtime.supports.runs ?? []
      // One without commands of its own has nothing to show.
      if (runs.length === 0 || !trial.subject.commands) return
      const made = await trial.apply(1, 'lasts')
      for (const kind of runs)
        await body(
          trial,
          (what, timeout) => new Running(trial, { kind, what, timeout, made: made || undefined }),
        )
    })
  return [
    state('a command answers its exit code when it has ended, and its output came in order', endsLaw),
    state('what a command leaves in the background is gone when it answers', async (trial, begin) => {
      const run = begin('leaves')
      assert.deepEqual(await run.exit, { exitCode: 0, signal: null })
      assert.equal(run.printed, 'left\n')
      assert.equal(await run.commands.alive(), 0)
    }),
    state('an aborted command rejects with the reason, and is gone with all that it began', abortLaw),
    state('a command that takes longer than its timeout is ended', async (trial, begin) => {
      const run = begin('lasts', 1_500)
      await assert.rejects(run.exit, { code: 'COMMAND_TIMEOUT' })
      assert.equal(await run.commands.alive(), 0)
    }),
    state('a command is no instance: it is neither found nor told, and what runs runs on', besideLaw),
    state('what a killed Longshore left of a command is ended by the next one', async (trial, begin) => {
      const run = begin('lasts')
      run.exit.catch(() => undefined)
      await run.began()
      trial.runtime = await trial.subject.reopen()
      await trial.runtime.find()
      await until('the command is gone', async () => (await run.commands.alive()) === 0)
    }),
    define('a command is refused where the runtime runs none', async (trial) => {
      const { runtime } = trial
      for (const kind of kinds.filter((each) => !(runtime.supports.runs ?? []).includes(each)))
        if (runtime.run)
          await assert.rejects(new Running(trial, { kind, what: 'ends' }).exit, { code: 'COMMAND_PLACE' })
    }),
  ]
}

async function endsLaw(trial: Trial, begin: Run): Promise<void> {
  const run = begin('ends')
  assert.deepEqual(await run.exit, { exitCode: 3, signal: null })
  assert.equal(run.printed, 'one\ntwo\n')
  assert.equal(await run.commands.alive(), 0)
}

async function abortLaw(trial: Trial, begin: Run): Promise<void> {
  const reason = new Error('a newer one is wanted')
  const run = begin('lasts')
  const rejected = assert.rejects(run.exit, reason)
  await run.began()
  assert.ok((await run.commands.alive()) >= 2)
  run.abort.abort(reason)
  await rejected
  assert.equal(await run.commands.alive(), 0)
  const late = begin('ends')
  late.abort.abort(reason)
  await assert.rejects(late.exit, reason)
  assert.equal(late.printed, '')
}

async function besideLaw(trial: Trial, begin: Run): Promise<void> {
  const stop = new AbortController()
  const told: RuntimeChange[] = []
  const watching = (async () => {
    for await (const change of trial.runtime.watch(stop.signal)) told.push(change)
  })()
  const before = [await trial.found(), await trial.subject.alive('hello')]
  const run = begin('lasts')
  const rejected = assert.rejects(run.exit, /enough/)
  await run.began()
  assert.deepEqual([await trial.found(), await trial.subject.alive('hello')], before)
  run.abort.abort(new Error('enough'))
  await rejected
  assert.deepEqual([await trial.found(), await trial.subject.alive('hello')], before)
  stop.abort()
  await watching
  const strange = told.filter((change) => !('instance' in change) || change.kind !== 'started')
  // What is right, and told so when a watch begins, is no news.
  assert.deepEqual(
    strange.filter((change) => change.kind !== 'drifted' || change.differences.length > 0),
    [],
  )
}

interface Begun {
  kind: Place
  what: 'ends' | 'lasts' | 'leaves'
  timeout?: number | undefined
  /** The images that were used: what is built again would be printed too. */
  made?: Made | undefined
}

/** A command under way, and what it printed. */
class Running {
  readonly abort = new AbortController()
  readonly commands: SubjectCommands
  readonly exit: Promise<Exit>
  printed = ''

  constructor(trial: Trial, { kind, what, timeout = patience, made }: Begun) {
    this.commands = trial.subject.commands ?? { ends: ['true'], lasts: [], leaves: [], alive: async () => 0 }
    const command = {
      ...trial.plan(1, 'lasts', 'hello'),
      argv: this.commands[what],
      ...{ in: { kind }, timeout, made },
    } satisfies Command
    const context: ApplyContext = {
      signal: AbortSignal.any([this.abort.signal, deadline(patience)]),
      output: {
        write: async (stream, bytes) => {
          if (stream === 'stdout') this.printed += Buffer.from(bytes as Uint8Array).toString()
        },
      },
      secret: () => Promise.reject(new Error('no secret is asked for')),
      aside: (work) => work(),
    }
    // In the next turn: one that is aborted at once is so before it begins.
    this.exit = Promise.resolve().then(() => trial.runtime.run!(command, context))
  }

  began(): Promise<void> {
    return until('the command began', async () => this.printed.includes('began'))
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const late = performance.now() + patience
  while (!(await holds())) {
    assert.ok(performance.now() < late, `not so in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
