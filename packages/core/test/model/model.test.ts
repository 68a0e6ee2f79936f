import { setTimeout as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { LongshoreError } from '../../src/index.js'
import {
  alive,
  coreProtocol,
  desired,
  gaveUp,
  isDrifted,
  isLost,
  reduce,
  type Actor,
  type Placement,
  type State,
} from '../../src/protocol/index.js'
import { randomOf } from '../../src/testkit/index.js'
import { Host, url } from './host.js'

/** Of each history so many steps; together 10,000. */
const steps = 50
const histories = 200

const ines: Actor = { kind: 'local', name: 'ines' }
const service = 'hello'

/** One history: what is done to a host, and what has to be true after it. */
class History {
  readonly host = new Host()
  readonly done: string[] = []
  readonly #random: (below: number) => number
  readonly #commits: { sha: string; parent: string | undefined }[] = []
  #head: string | undefined

  constructor(seed: number) {
    this.#random = randomOf(seed)
  }

  readonly #acts: [weight: number, name: string, act: () => Promise<unknown>][] = [
    [8, 'push', async () => this.#push('good')],
    [3, 'push ill', async () => this.#push('ill')],
    [3, 'force push', async () => this.#forcePush()],
    [3, 'stop', () => this.#ask({ kind: 'stop', why: 'x' }, () => (this.host.machine.held = true))],
    [4, 'start', () => this.#start()],
    [2, 'pin', () => this.#ask({ kind: 'pin', commit: this.#some() })],
    [3, 'unpin', () => this.#ask({ kind: 'unpin' })],
    [3, 'quarantine', () => this.#quarantine(false)],
    [1, 'quarantine with descendants', () => this.#quarantine(true)],
    [4, 'lift', () => this.#lift()],
    [2, 'deploy', () => this.#ask({ kind: 'deploy', commit: this.#some(), override: true, why: 'x' })],
    [2, 'rollback', () => this.#ask({ kind: 'rollback' })],
    [1, 'restart of the service', () => this.#ask({ kind: 'restart' })],
    [2, 'restart of Longshore', async () => (await this.host.stop(), this.host.start())],
    [3, 'crash', () => this.host.crash()],
    [
      2,
      'drift',
      async () => this.#running && this.host.machine.drift(service, [{ what: 'config', say: 'x' }]),
    ],
    [2, 'loss', async () => this.host.machine.lose(service, 'it was killed')],
    [1, 'a machine on which nothing starts', () => this.#broken()],
  ]

  async step(): Promise<void> {
    const total = this.#acts.reduce((sum, [weight]) => sum + weight, 0)
    let at = this.#random(total)
    const [, name, act] = this.#acts.find(([weight]) => (at -= weight) < 0)!
    this.done.push(name)
    await act()
    // Half of the time the next step comes while this one is still being worked on.
    if (this.#random(2) === 0) await this.settle()
  }

  /** Waits until nothing more happens by itself, and looks at what is. */
  async settle(): Promise<void> {
    for (let quiet = 0, tries = 0; quiet < 3; tries++) {
      const before = this.host.kernel.journal.last()
      await turn(2)
      const still = before === this.host.kernel.journal.last() && this.#fault() === undefined
      quiet = still ? quiet + 1 : 0
      if (tries > 2_000)
        throw new Error(`it does not come to rest: ${this.#fault() ?? 'events go on'}; ${this.#lastEvents()}`)
    }
    this.check()
  }

  #lastEvents(): string {
    const last = this.host.disk.events.slice(-30)
    const line = ({ kind, commit, data, deployment }: (typeof last)[number]) =>
      `${kind} ${commit?.slice(0, 7) ?? ''} ${deployment?.slice(-4) ?? ''} ${JSON.stringify(data).slice(0, 150)}`
    return `the last events:\n${last.map(line).join('\n')}`
  }

  /** What is not as it should be now, in a sentence. */
  #fault(): string | undefined {
    const placement = this.#placement()
    if (!placement) return undefined
    if (placement.deployment) return `${placement.deployment.id} is under way`
    if (placement.waiting?.until) return `${placement.waiting.commit.sha} waits`
    const { commit, because } = desired(placement)
    const runs = this.#running
    if (!commit)
      return because === 'nothing yet' || !runs ? undefined : `it runs ${runs}, and should not: ${because}`
    // Healing has ended: only a person, or something newer, tries again.
    if (gaveUp(placement) || placement.drift?.gaveUp) return undefined
    if (isDrifted(placement)) return 'it has drifted'
    if (isLost(placement)) return 'it is lost'
    return runs === commit.sha ? undefined : `it runs ${runs}, and should run ${commit.sha} (${because})`
  }

  /** What must be true at any moment of rest, whatever was done. */
  check(): void {
    const placement = this.#placement()
    expect(this.host.machine.wrong).toEqual([])
    if (!placement) return
    const runs = this.#running
    if (placement.hold) expect(runs).toBeUndefined()
    const bar = runs && placement.quarantines.find(({ sha, bars }) => sha === runs || bars?.includes(runs))
    // Only what the system barred may go on, where nothing can take over.
    if (bar) expect([bar.by.kind, gaveUp(placement)]).toEqual(['system', true])
    const here = placement.instances.filter(({ state }) => alive.has(state))
    expect(here.map(({ deployment }) => deployment)).toEqual(
      runs ? [this.host.machine.running(service)!.deployment] : [],
    )
    this.#replay(placement)
  }

  /** The events alone make the same state. */
  #replay(placement: Placement): void {
    const { disk } = this.host
    let state: State = {}
    for (const event of disk.events) state = reduce(state, event, coreProtocol.slices)
    expect(JSON.parse(JSON.stringify(state['placement']!['hello@test']))).toEqual(
      JSON.parse(JSON.stringify(placement)),
    )
  }

  #placement(): Placement | undefined {
    return this.host.kernel.flow.placement(service, 'test')
  }

  /** The commit that really runs. */
  get #running(): string | undefined {
    const { machine } = this.host
    const deployment = machine.running(service)?.deployment
    return machine.applied.find((plan) => plan.deployment === deployment)?.commit.sha
  }

  #push(message: string): void {
    const sha = this.host.git.commit(url, 'main', { a: String(this.#commits.length) }, { message })
    this.#commits.push({ sha, parent: this.#head })
    this.#head = sha
  }

  #forcePush(): void {
    if (this.#commits.length === 0) return
    this.#head = this.#some()
    this.host.git.point(url, 'main', this.#head)
  }

  #some(): string {
    return this.#commits.at(-1 - this.#random(Math.min(8, this.#commits.length || 1)))?.sha ?? 'a'.repeat(40)
  }

  async #ask(request: object, done?: () => void): Promise<boolean> {
    try {
      await this.host.kernel.flow.request({ service, actor: ines, ...request } as never)
    } catch (error) {
      // What makes no sense now is refused, and changes nothing.
      if (!(error instanceof LongshoreError)) throw error
      this.done.push(`(${error.code})`)
      return false
    }
    done?.()
    return true
  }

  async #start(): Promise<void> {
    const { machine } = this.host
    const held = machine.held
    machine.held = false
    if (!(await this.#ask({ kind: 'start' }))) machine.held = held
  }

  async #quarantine(descendants: boolean): Promise<void> {
    const commit = this.#some()
    await this.#ask({ kind: 'quarantine', commit, descendants, why: 'x' }, () => this.#bar())
  }

  async #lift(): Promise<void> {
    const quarantines = this.#placement()?.quarantines ?? []
    const commit = quarantines[this.#random(quarantines.length || 1)]?.sha ?? this.#some()
    const before = this.host.machine.barred
    this.host.machine.barred = new Set()
    if (await this.#ask({ kind: 'lift', commit })) this.#bar()
    else this.host.machine.barred = before
  }

  /** What the placement bars now, by itself and by what contains it: known here by the parents, not by the code under test. */
  #bar(): void {
    const barred = new Set<string>()
    for (const { sha, descendants } of this.#placement()?.quarantines ?? []) {
      barred.add(sha)
      if (descendants)
        for (const each of this.#commits) if (this.#contains(each.sha, sha)) barred.add(each.sha)
    }
    this.host.machine.barred = barred
  }

  #contains(sha: string, ancestor: string): boolean {
    for (let at: string | undefined = sha; at; at = this.#commits.find((each) => each.sha === at)?.parent)
      if (at === ancestor) return true
    return false
  }

  async #broken(): Promise<void> {
    const { machine } = this.host
    machine.broken = true
    this.#push('good')
    await turn(20)
    machine.broken = false
  }
}

it(`what runs is what the pure function says, in ${steps * histories} steps of random histories`, async () => {
  const first = Number(process.env['LONGSHORE_SEED'] ?? 1)
  for (let seed = first; seed < first + histories; seed++) {
    const history = new History(seed)
    await history.host.start()
    try {
      for (let step = 0; step < steps; step++) await history.step()
      await history.settle()
    } catch (error) {
      throw new Error(`LONGSHORE_SEED=${seed}: ${history.done.join(', ')}`, { cause: error })
    } finally {
      await history.host.close()
    }
  }
}, 600_000)
