import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { within, type DeclaredMetric, type Logger, type Sample } from '@longshore/core'
import { Bound } from './bound.js'

/** Milliseconds that one metric may take to be looked at. */
const lookTime = 2_000
/** Gauges of Node's that are named as counters are. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

let ofProcess: Registry | undefined

/** What Node says of the process: there is one of it, and nothing watches it before somebody asks. */
function processMetrics(): Registry {
  if (ofProcess) return ofProcess
  ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })
  for (const name of misnamed) ofProcess.removeSingleMetric(name)
  return ofProcess
}

/** The page of one kernel. */
export class Page {
  readonly #registry = new Registry()
  readonly #log: Logger
  readonly #failed: Counter<'metric'>
  #text: Promise<string> | undefined

  /** Listens to what is told, from now on. */
  constructor(metrics: readonly DeclaredMetric[], log: Logger) {
    this.#log = log
    this.#failed = new Counter({
      name: 'longshore_metrics_failed_total',
      help: 'Metrics that could not be looked at, by name',
      labelNames: ['metric'],
      registers: [this.#registry],
    })
    for (const metric of metrics) {
      if (metric.look) this.#look(metric, metric.look.bind(metric))
      else this.#listen(metric)
    }
  }

  /** The page as text. Those who ask while it is made get the same. */
  text(): Promise<string> {
    this.#text ??= this.#make().finally(() => (this.#text = undefined))
    return this.#text
  }

  async #make(): Promise<string> {
    const parts = await Promise.all([this.#registry.metrics(), processMetrics().metrics()])
    return parts.map((part) => `${part.trimEnd()}\n`).join('\n')
  }

  #look({ name, help, type, labels = [] }: DeclaredMetric, look: NonNullable<DeclaredMetric['look']>): void {
    const ask = () => this.#ask(name, look)
    const about = { name, help, labelNames: labels, registers: [this.#registry] }
    if (type === 'counter') {
      const counter: Counter = new Counter({
        ...about,
        collect: async () => {
          const samples = await ask()
          counter.reset()
          add(counter, labels, samples)
        },
      })
      return
    }
    const gauge: Gauge = new Gauge({
      ...about,
      collect: async () => {
        const samples = await ask()
        gauge.reset()
        if (labels.length === 0 && samples.length === 0) gauge.remove()
        else add(gauge, labels, samples)
      },
    })
  }

  /** One that cannot be looked at is missing from the page, and harms no other. */
  async #ask(name: string, look: NonNullable<DeclaredMetric['look']>): Promise<Sample[]> {
    try {
      return await within(lookTime, name, async (signal) => look(signal))
    } catch (error) {
      this.#failed.inc({ metric: name })
      this.#log.warn({ error, metric: name }, 'a metric could not be looked at')
      return []
    }
  }

  #listen({ name, help, type, labels = [], buckets = [], listen }: DeclaredMetric): void {
    const about = { name, help, labelNames: labels, registers: [this.#registry] }
    const bound = new Bound()
    if (type === 'histogram') {
      const histogram = new Histogram({ ...about, buckets: [...buckets] })
      listen((value, given) => histogram.observe(bound.of(labels, given), value))
    } else if (type === 'counter') {
      const counter = new Counter(about)
      listen((value, given) => counter.inc(bound.of(labels, given), value))
    } else {
      const gauge = new Gauge(about)
      listen((value, given) => gauge.set(bound.of(labels, given), value))
    }
  }
}

/** What bears the same labels, or more values of them than are shown, is one value. */
function add(metric: Counter | Gauge, labels: readonly string[], samples: readonly Sample[]): void {
  const bound = new Bound()
  for (const { value, labels: given } of samples) metric.inc(bound.of(labels, given), value)
}
