/** Values of labels by name. They come from the config or from a fixed list: nothing that a client sends becomes one. */
export type Labels = Readonly<Record<string, string>>

/** One value of a metric. */
export interface Sample {
  value: number
  labels?: Labels
}

/** One figure of `/metrics`, by the conventions of Prometheus. */
export interface Metric {
  /** `longshore_…` in base units (`_seconds`, `_bytes`); a counter ends in `_total`, nothing else does. */
  name: string
  /** What it is, in a sentence. */
  help: string
  type: 'gauge' | 'counter' | 'histogram'
  /** The labels that its values bear. */
  labels?: readonly string[]
  /** Of a histogram: the upper bounds of its buckets, ascending, in the unit of its name. */
  buckets?: readonly number[]
  /** Answers the values whenever somebody asks for them; absent where they are told as they happen, as a histogram's always are. */
  look?(signal: AbortSignal): Sample[] | Promise<Sample[]>
}

/** Tells what a counter grows by, what a gauge stands at, or what a histogram takes in. Costs nothing while nobody listens. */
export type Tell = (value: number, labels?: Labels) => void

/** Where a plugin declares its figures; none needs to know who serves them. */
export interface Metrics {
  /** Answers how to tell the values of a metric that is not looked at. */
  add(metric: Metric): Tell
}
