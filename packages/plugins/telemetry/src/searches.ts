import { Worker } from 'node:worker_threads'
import { matchInvalid, searchBusy, searchFailed, searchSlow } from './errors.js'
import type { Done, Work } from './search-worker.js'
import { find, type Found, type Place } from './search/find.js'
import type { LineFilter } from './search/select.js'

/** Threads that search, at most; they end when nothing was asked for so many milliseconds. */
const threads = 2
const rest = 30_000
/** Searches for text at the same time: each keeps the threads busy, and holds what it finds. */
const most = 8
/** Milliseconds of work for one piece, and for all of one search. */
const pieceTime = 10_000
const wholeTime = 60_000

interface Job {
  work: Work
  /** With the milliseconds that it took. */
  resolve(found: Found, took: number): void
  reject(error: unknown): void
}

interface Thread {
  worker: Worker
  job?: Job
  /** When it was given to it, on the monotonic clock. */
  begun: number
  timer?: NodeJS.Timeout
}

/** One search: looks into places in turn, or several at once, for as long as it may take in all. */
export interface Search {
  /** It looks for text, so that most places will hold nothing of it. */
  readonly narrow: boolean
  find(place: Place): Promise<Found>
  /** What was there has been looked into; what is asked for from now on is live, and is asked for one place at a time. */
  end(): void
}

/**
 * Searches on threads of their own, so that nothing else waits for them. A piece of work that takes too long is ended with its
 * thread, whatever the expression was.
 */
export class Searches {
  readonly #script: URL
  readonly #limits: { pieceTime: number; wholeTime: number }
  readonly #threads = new Set<Thread>()
  readonly #waiting: Job[] = []
  #under = 0
  #idle: NodeJS.Timeout | undefined

  constructor(limits = { pieceTime, wholeTime }, script = new URL('./search-worker.js', import.meta.url)) {
    this.#limits = limits
    this.#script = script
  }

  /** Begins a search; rejects when its expression is none, or when too many are under way. */
  async begin(filter: LineFilter): Promise<Search> {
    const narrow = filter.search !== undefined || filter.match !== undefined
    if (narrow && this.#under >= most) throw searchBusy()
    let counted = narrow
    if (counted) this.#under++
    const end = () => {
      if (counted) this.#under--
      counted = false
    }
    try {
      if (filter.match !== undefined) await this.#do({ filter })
    } catch (error) {
      end()
      throw error
    }
    let spent = 0
    const look = async (place: Place): Promise<Found> => {
      // Lines in memory are few; only an expression could make them cost much.
      if ('records' in place && filter.match === undefined) return find(place, filter)
      if (counted && spent > this.#limits.wholeTime) throw searchSlow(this.#limits.wholeTime / 1000)
      const { found, took } = await this.#do({ place, filter })
      spent += took / threads
      return found
    }
    return { narrow, find: look, end }
  }

  close(): void {
    clearTimeout(this.#idle)
    for (const thread of this.#threads) this.#drop(thread, searchFailed('Longshore stops'))
    for (const { reject } of this.#waiting.splice(0)) reject(searchFailed('Longshore stops'))
  }

  #do(work: Work): Promise<{ found: Found; took: number }> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve: (found, took) => resolve({ found, took }), reject })
      this.#next()
    })
  }

  #next(): void {
    clearTimeout(this.#idle)
    while (this.#waiting.length > 0) {
      const free = [...this.#threads].find(({ job }) => !job)
      const thread = free ?? (this.#threads.size < threads ? this.#start() : undefined)
      if (!thread) return
      const job = this.#waiting.shift()!
      Object.assign(thread, { job, begun: performance.now() })
      thread.timer = setTimeout(
        () => this.#drop(thread, searchSlow(this.#limits.pieceTime / 1000)),
        this.#limits.pieceTime,
      )
      thread.worker.postMessage(job.work)
    }
    if ([...this.#threads].every(({ job }) => !job)) {
      this.#idle = setTimeout(() => {
        for (const thread of this.#threads) this.#drop(thread, undefined)
      }, rest)
      this.#idle.unref()
    }
  }

  #start(): Thread {
    const worker = new Worker(this.#script, { resourceLimits: { maxOldGenerationSizeMb: 128 } })
    const thread: Thread = { worker, begun: 0 }
    worker.on('message', (done: Done) => {
      const { job } = thread
      clearTimeout(thread.timer)
      thread.job = undefined
      if ('found' in done) job?.resolve(done.found, performance.now() - thread.begun)
      else job?.reject('invalid' in done ? matchInvalid(done.invalid) : searchFailed(done.failed))
      this.#next()
    })
    worker.on('error', (error) => this.#drop(thread, searchFailed(error.message)))
    worker.unref()
    this.#threads.add(thread)
    return thread
  }

  #drop(thread: Thread, error: unknown): void {
    if (!this.#threads.delete(thread)) return
    clearTimeout(thread.timer)
    void thread.worker.terminate()
    thread.job?.reject(error)
    if (error !== undefined) this.#next()
  }
}
