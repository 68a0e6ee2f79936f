import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { DockerEngine, needs, testImage } from '@longshore/core/testkit'

/** Milliseconds that a container is waited for. */
const patience = 60_000

const everything = '/containers/json?all=true'

/** What a container of a benchmark runs: it ends at once when it is told to. */
export const command = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000000 & wait']

/** The same as a compose file has it: a lone dollar would begin a variable. */
export const composeCommand = command.map((word) => word.replaceAll('$', '$$$$'))

/** A real engine, and what somebody would ask of it by its API without anything between. */
class BareEngine {
  #docker
  #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  #life = new AbortController()
  /** Every container that started: its labels, and when the engine says that it did. */
  #started = []
  #wake = () => undefined

  static async start() {
    const engine = new BareEngine()
    engine.#docker = await DockerEngine.start()
    await engine.#follow()
    return engine
  }

  get host() {
    return this.#docker.host
  }

  /** Makes and starts a container; answers its id and when the engine says that it started. */
  async run(labels) {
    const body = { Image: testImage, Cmd: command, Labels: labels }
    const { Id } = await this.call('POST', '/containers/create', body)
    await this.call('POST', `/containers/${Id}/start`)
    const { time } = await this.started(({ id }) => id === Id)
    return { id: Id, time }
  }

  remove(id) {
    return this.call('DELETE', `/containers/${id}?force=true`)
  }

  /** Looks until the containers that are there, in whatever state, are as they shall be. */
  async until(fits) {
    for (
      const end = performance.now() + 5 * patience;
      !fits(await this.call('GET', everything));
      await sleep(200)
    )
      if (performance.now() > end) throw new Error('the containers do not become what they shall be')
  }

  /** Takes every container and every image of ours away, some at a time. */
  async clear(parallel = 4) {
    await inParallel(await this.call('GET', everything), parallel, ({ Id }) => this.remove(Id))
    // Each tag makes every look at its image longer, for whoever looks.
    const [{ RepoTags }] = await this.call('GET', '/images/json')
    const ours = RepoTags.filter((tag) => tag.startsWith('longshore/'))
    await inParallel(ours, parallel, (tag) => this.call('DELETE', `/images/${tag}`))
    this.#started = []
  }

  /** When the engine says that the `count`-th container which fits started: `{ id, labels, time }`, ms of the epoch. */
  async started(fits, count = 1, milliseconds = patience) {
    const deadline = setTimeout(() => this.#wake(), milliseconds)
    const end = performance.now() + milliseconds
    try {
      for (;;) {
        const found = this.#started.filter(fits)
        if (found.length >= count) return found[count - 1]
        if (this.#life.signal.aborted || performance.now() > end)
          throw new Error(`${found.length} of ${count} containers started`)
        await this.#told()
      }
    } finally {
      clearTimeout(deadline)
    }
  }

  async close() {
    this.#life.abort()
    this.#wake()
    this.#agent.destroy()
    await this.#docker.close()
  }

  async call(method, path, body) {
    const answer = await this.#send(method, path, body)
    let text = ''
    for await (const chunk of answer.setEncoding('utf8')) text += chunk
    if (answer.statusCode >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
    return text ? JSON.parse(text) : undefined
  }

  #told() {
    return new Promise((resolve) => {
      const before = this.#wake
      this.#wake = () => {
        before()
        resolve()
      }
    })
  }

  async #follow() {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start'] }))
    const answer = await this.#send('GET', `/events?filters=${filters}`, undefined, this.#life.signal)
    const read = async () => {
      let rest = ''
      for await (const chunk of answer.setEncoding('utf8')) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()
        for (const { Actor, timeNano } of lines.filter(Boolean).map((line) => JSON.parse(line)))
          this.#started.push({ id: Actor.ID, labels: Actor.Attributes, time: timeNano / 1e6 })
        this.#wake()
        this.#wake = () => undefined
      }
    }
    // It ends with the engine, or when nobody wants it any more.
    read().catch(() => undefined)
  }

  #send(method, path, body, signal) {
    const text = body && JSON.stringify(body)
    const headers = text
      ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      : {}
    const { socket } = this.#docker
    return new Promise((resolve, reject) => {
      // Its own connection for what lasts.
      const agent = signal ? false : this.#agent
      request({ socketPath: socket, method, path: `/v1.41${path}`, headers, agent, signal }, resolve)
        .on('error', reject)
        .end(text)
    })
  }
}

/** Gives `use` an engine of its own, where this machine can have one; else `what` is not measured. */
export async function withEngine(bench, what, use) {
  const docker = needs('docker')
  if (docker.skip) return bench.skip({ name: what, why: docker.why })
  const engine = await BareEngine.start()
  try {
    await use(engine)
  } finally {
    await engine.close()
  }
}

/** Does the work for each of the items, so many at once. */
export async function inParallel(items, parallel, work) {
  const left = [...items].values()
  const lane = async () => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: parallel }, lane))
}
