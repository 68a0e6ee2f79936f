import assert from 'node:assert/strict'
import type { ApplyContext, Plan, Runtime, InstanceChange } from '../../contracts/runtime.js'
import { LongshoreError } from '../../kernel/errors.js'
import { deadline } from '../../waiting/deadline.js'
import { lawsOf, type Law } from '../law.js'
import { previewLaws } from './runtime-preview.js'
import { commandLaws, type SubjectCommands } from './runtime-commands.js'
import { driftLaws } from './runtime-drift.js'

/** A runtime under test, and what its kind calls a service that lasts, fails or hangs. */
export interface RuntimeSubject {
  runtime: Runtime
  /** `run` sections, as the schema of the kind answers them. */
  runs: { lasts: unknown; fails: unknown; hangs: unknown }
  /** The service's folder in the tree. */
  directory: string
  /** How many of the service are alive, counted by other means than the runtime's. */
  alive(service: string): Promise<number>
  /**
   * Changes what runs of the service behind the runtime's back; answers how to put it right by the same way. Absent where the
   * runtime tells of no drift.
   */
  disturb?(service: string): Promise<() => Promise<void>>
  /** Absent where the runtime runs no commands beside what runs. */
  commands?: SubjectCommands
  /** Longshore was killed: the runtime of the next start, on what this one left. */
  reopen(): Promise<Runtime>
  close(): Promise<void>
}

const patience = 30_000

/** The law of Runtime, a test each. `make` brings a runtime that runs nothing. */
export function runtimeLaws(make: () => Promise<RuntimeSubject>): Law[] {
  const state = lawsOf(make)
  const define: Define = (name, body) => state(name, (subject) => body(new Trial(subject)))
  const laws = [
    applyLaws,
    watchLaws,
    folderLaws,
    failureLaws,
    endLaws,
    driftLaws,
    restartLaws,
    commandLaws,
    previewLaws,
  ]
  return laws.flatMap((each) => each(define))
}

type Define = (name: string, body: (trial: Trial) => Promise<void>) => Law
type Behaviour = keyof RuntimeSubject['runs']

/** The subject with plans at hand. */
class Trial {
  readonly subject: RuntimeSubject
  runtime: Runtime

  constructor(subject: RuntimeSubject) {
    this.subject = subject
    this.runtime = subject.runtime
  }

  apply(number: number, behaviour: Behaviour, { service = 'hello', signal = deadline(patience) } = {}) {
    return this.runtime.apply(this.plan(number, behaviour, service), context(signal))
  }

  end(service = 'hello'): Promise<void> {
    return this.runtime.end({ service, host: 'box' }, context(deadline(patience)))
  }

  uses(service = 'hello'): Promise<string[]> {
    return this.runtime.uses({ service, host: 'box' })
  }

  /** The deployments that `find` tells of. */
  async found(): Promise<string[]> {
    return (await this.runtime.find()).map(({ deployment }) => deployment).sort()
  }

  plan(number: number, behaviour: Behaviour, service: string): Plan {
    const sha = String(number).repeat(40).slice(0, 40)
    const deployment = idOf(number)
    return {
      service,
      host: 'box',
      deployment,
      commit: { sha, author: 'Ines', time: '2026-01-01T00:00:00.000Z', message: 'a change', parents: [] },
      run: this.subject.runs[behaviour],
      directory: this.subject.directory,
      env: {
        LONGSHORE_SERVICE: service,
        LONGSHORE_COMMIT: sha,
        LONGSHORE_DEPLOYMENT: deployment,
        LONGSHORE_HOST: 'box',
      },
      timeout: patience,
    }
  }
}

function idOf(number: number): string {
  return `deployment${String(number).padStart(6, '0')}`
}

function context(signal: AbortSignal): ApplyContext {
  return {
    signal,
    output: { write: async () => undefined },
    secret: () => Promise.reject(new Error('no secret is asked for')),
    aside: (work) => work(),
  }
}

function applyLaws(define: Define): Law[] {
  return [
    define('apply runs the plan, and find tells of it', async (trial) => {
      await trial.apply(1, 'lasts')
      assert.equal(await trial.subject.alive('hello'), 1)
      assert.deepEqual(await trial.found(), [idOf(1)])
    }),
    define('apply asked again for a deployment that runs changes nothing', async (trial) => {
      await trial.apply(1, 'lasts')
      const before = await trial.runtime.find()
      await trial.apply(1, 'lasts')
      assert.deepEqual(await trial.runtime.find(), before)
      assert.equal(await trial.subject.alive('hello'), 1)
    }),
    define('a newer deployment replaces the older one', async (trial) => {
      await trial.apply(1, 'lasts')
      await trial.apply(2, 'lasts')
      assert.deepEqual(await trial.found(), [idOf(2)])
      assert.equal(await trial.subject.alive('hello'), 1)
    }),
    define('services do not touch one another', async (trial) => {
      await trial.apply(1, 'lasts', { service: 'hello' })
      await trial.apply(2, 'lasts', { service: 'world' })
      await trial.end('hello')
      assert.deepEqual(await trial.found(), [idOf(2)])
      assert.equal(await trial.subject.alive('world'), 1)
    }),
  ]
}

function watchLaws(define: Define): Law[] {
  return [
    define('watch tells of a start and an end, in order, and ends when its signal aborts', async (trial) => {
      const stop = new AbortController()
      const told: InstanceChange[] = []
      const watching = (async () => {
        for await (const change of trial.runtime.watch(stop.signal)) {
          // It says nothing of an engine that answers, and what it does itself is no drift.
          if (!('instance' in change)) assert.fail(`it told ${change.kind}`)
          told.push(change)
          if (change.kind === 'exited') stop.abort()
        }
      })()
      await trial.apply(1, 'lasts')
      await trial.end()
      await watching
      assert.deepEqual(
        told.map(({ kind, service, deployment }) => [kind, service, deployment]),
        [
          ['started', 'hello', idOf(1)],
          ['exited', 'hello', idOf(1)],
        ],
      )
      assert.equal(told[0]!.instance, told[1]!.instance)
    }),
  ]
}

function folderLaws(define: Define): Law[] {
  return [
    define('the folder of what runs is in use, and that of what was replaced is not', async (trial) => {
      assert.deepEqual(await trial.uses(), [])
      await trial.apply(1, 'lasts')
      assert.deepEqual(await trial.uses(), [idOf(1)])
      await trial.apply(2, 'lasts')
      assert.deepEqual(await trial.uses(), [idOf(2)])
      assert.deepEqual(await trial.uses('world'), [])
      await trial.end()
      assert.deepEqual(await trial.uses(), [])
    }),
  ]
}

function failureLaws(define: Define): Law[] {
  return [
    define('an apply that fails rejects with a code; nothing of it is left', async (trial) => {
      await assert.rejects(trial.apply(1, 'fails'), LongshoreError)
      assert.deepEqual(await trial.found(), [])
      assert.equal(await trial.subject.alive('hello'), 0)
    }),
    define('an apply that fails leaves the old one running, where that is supported', async (trial) => {
      await trial.apply(1, 'lasts')
      await assert.rejects(trial.apply(2, 'fails'), LongshoreError)
      if (!trial.runtime.supports.keepsOld) return
      await onlyTheFirst(trial)
      assert.ok((await trial.uses()).includes(idOf(1)))
    }),
    define(
      'an apply that is aborted rejects with the reason and leaves the old one running',
      async (trial) => {
        await trial.apply(1, 'lasts')
        const abort = new AbortController()
        const applying = trial.apply(2, 'hangs', { signal: abort.signal })
        const reason = new Error('a newer one is wanted')
        setImmediate(() => abort.abort(reason))
        await assert.rejects(applying, reason)
        if (trial.runtime.supports.keepsOld) await onlyTheFirst(trial)
      },
    ),
    define('an apply whose signal has aborted already touches nothing', async (trial) => {
      await trial.apply(1, 'lasts')
      const before = await trial.runtime.find()
      await assert.rejects(
        trial.apply(2, 'lasts', { signal: AbortSignal.abort(new Error('too late')) }),
        /too late/,
      )
      assert.deepEqual(await trial.runtime.find(), before)
    }),
  ]
}

async function onlyTheFirst(trial: Trial): Promise<void> {
  const deadline = performance.now() + patience
  // One that had to make room is started again, which may take a moment.
  while ((await trial.subject.alive('hello')) !== 1 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.equal(await trial.subject.alive('hello'), 1)
  assert.deepEqual(await trial.found(), [idOf(1)])
}

function endLaws(define: Define): Law[] {
  return [
    define('end leaves nothing running', async (trial) => {
      await trial.apply(1, 'lasts')
      await trial.end()
      assert.equal(await trial.subject.alive('hello'), 0)
      assert.deepEqual(await trial.found(), [])
    }),
    define('end does nothing when nothing runs', async (trial) => {
      await trial.end()
      await trial.apply(1, 'lasts')
      await trial.end()
      await trial.end()
      assert.deepEqual(await trial.found(), [])
    }),
    define('what was ended can be applied again', async (trial) => {
      await trial.apply(1, 'lasts')
      await trial.end()
      await trial.apply(2, 'lasts')
      assert.equal(await trial.subject.alive('hello'), 1)
    }),
  ]
}

function restartLaws(define: Define): Law[] {
  return [
    define('what runs is found again after Longshore was killed, and not twice', async (trial) => {
      await trial.apply(1, 'lasts')
      trial.runtime = await trial.subject.reopen()
      const used = await trial.uses()
      const found = await trial.found()
      assert.deepEqual(used, found)
      assert.equal(await trial.subject.alive('hello'), found.length)
      assert.ok(found.length === 0 || found[0] === idOf(1))
      await trial.apply(2, 'lasts')
      assert.equal(await trial.subject.alive('hello'), 1)
    }),
    define('what an earlier Longshore started is ended by end', async (trial) => {
      await trial.apply(1, 'lasts')
      trial.runtime = await trial.subject.reopen()
      await trial.end()
      assert.equal(await trial.subject.alive('hello'), 0)
    }),
  ]
}
