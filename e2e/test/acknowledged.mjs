import assert from 'node:assert/strict'
import { until } from './until.mjs'

/** What a client was told has happened, over any number of kills. */
export class Acknowledged {
  /** @type {Map<number, string | undefined>} id by seq; undefined when only the seq was told */
  #events = new Map()

  get size() {
    return this.#events.size
  }

  /** @param {{ seq: number, id?: string }} event */
  add({ seq, id }) {
    this.#events.set(seq, id ?? this.#events.get(seq))
  }

  /**
   * Reads the stream of events from a Longshore that may not answer yet, until the signal.
   * @param {import('./longshore.mjs').Longshore} longshore
   * @param {AbortSignal} signal
   */
  follow(longshore, signal) {
    /** @type {string[]} */
    const kinds = []
    const told = (event) => {
      this.add(event)
      kinds.push(event.kind)
    }
    return {
      ended: this.#read(longshore, signal, told),
      /** Resolves when so many came, of the kind if one is named, or after so many milliseconds. */
      reached: (wanted, kind, milliseconds) =>
        until('the events', milliseconds, () => {
          return kinds.filter((each) => kind === undefined || each === kind).length >= wanted
        }).catch(() => undefined),
    }
  }

  /** @param {any[]} events the whole journal, oldest first */
  compare(events) {
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    )
    for (const [seq, id] of this.#events) {
      assert.ok(seq <= events.length, `event ${seq} was acknowledged and is gone`)
      if (id !== undefined)
        assert.equal(events[seq - 1].id, id, `event ${seq} is another one than was acknowledged`)
    }
  }

  async #read(longshore, signal, told) {
    while (!signal.aborted) {
      try {
        const after = Math.max(0, ...this.#events.keys())
        const stream = await longshore.open('GET', `/events/stream?after=${after}`, undefined, signal)
        let rest = ''
        for await (const text of stream.setEncoding('utf8')) {
          const lines = (rest + text).split('\n')
          rest = lines.pop()
          for (const line of lines) if (line.startsWith('data: ')) told(JSON.parse(line.slice(6)))
        }
      } catch {
        // It is not there yet, or not any more.
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
