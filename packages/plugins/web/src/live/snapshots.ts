import { setImmediate as turn } from 'node:timers/promises'
import type { Journal } from '@longshore/core'
import { showState, type Sees, type Slice, type State } from '@longshore/core/protocol'

/** Events after which a state is too old to begin with: those since are sent after it. */
const freshFor = 500
/** Documents that become text before others have their turn. */
const atOnce = 50

export interface Snapshot {
  seq: number
  /** The end of a `hello`, from the value of `state` on. */
  bytes: Buffer
}

/** The state for clients that begin: read and made into bytes once for all that come at about the same time. */
export class Snapshots {
  readonly #journal: Journal
  readonly #slices: readonly Slice[]
  #read: Promise<{ seq: number; state: State }> | undefined
  #whole: Promise<Snapshot> | undefined

  constructor(journal: Journal, slices: readonly Slice[]) {
    this.#journal = journal
    this.#slices = slices.filter(({ shown }) => shown !== undefined)
  }

  /** For a caller that sees everything, or only some. */
  async take(sees: Sees | undefined): Promise<Snapshot> {
    const read = (this.#read ??= this.#journal.state(this.#slices.map(({ name }) => name)))
    const { seq, state } = await read.catch((error: unknown) => {
      this.#forget(read)
      throw error
    })
    if (this.#journal.last() - seq > freshFor) {
      this.#forget(read)
      return this.take(sees)
    }
    if (sees) return { seq, bytes: await this.#encode(state, sees) }
    this.#whole ??= this.#encode(state, () => true).then((bytes) => ({ seq, bytes }))
    return this.#whole
  }

  /** Nobody is there to begin with it. */
  forget(): void {
    this.#forget(this.#read)
  }

  #forget(read: Promise<unknown> | undefined): void {
    if (this.#read !== read) return
    this.#read = this.#whole = undefined
  }

  async #encode(state: State, sees: Sees): Promise<Buffer> {
    const parts: Buffer[] = []
    let count = 0
    for (const [name, documents] of Object.entries(showState(state, this.#slices, sees))) {
      const texts: string[] = []
      for (const [key, document] of Object.entries(documents)) {
        texts.push(`${JSON.stringify(key)}:${JSON.stringify(document)}`)
        if (++count % atOnce === 0) await turn()
      }
      parts.push(Buffer.from(`${parts.length > 0 ? ',' : ''}${JSON.stringify(name)}:{${texts.join(',')}}`))
    }
    return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}}]')])
  }
}
