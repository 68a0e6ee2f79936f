import { InputError } from '../kernel/errors.js'
import type { Metric } from './metric.js'

/** Refuses what breaks the conventions of Prometheus: it would be shown, and then be read wrongly. */
export function checkMetric(plugin: string, metric: Metric): void {
  const fault = nameFault(metric) ?? partFault(metric)
  if (!fault) return
  throw new InputError(
    'METRIC_INVALID',
    `the plugin ${plugin} declares the metric ${metric.name}, ${fault}`,
    {
      hint: 'A metric is longshore_ and words in base units; a counter ends in _total, a histogram in _seconds or _bytes.',
    },
  )
}

/** Refuses a second one of a name. */
export function checkTaken(plugin: string, name: string, taken: { plugin: string; name: string }[]): void {
  // `longshore_moons` and `longshore_moons_total` are one family to some who read them.
  const family = (each: string) => each.replace(/_total$/, '')
  const other = taken.find((each) => family(each.name) === family(name))
  if (!other) return
  throw new InputError('METRIC_TWICE', `the metric ${name} is declared by ${other.plugin} and by ${plugin}`, {
    hint: 'Give one of the two another name, or remove one of the plugins.',
  })
}

function nameFault({ name, type }: Metric): string | undefined {
  if (!/^longshore(?:_[a-z][a-z0-9]*)+$/.test(name)) return 'which is not longshore_ and words'
  if (/_(?:ms|milliseconds|minutes|hours|percent|kb|kib|mb|mib)(?:_|$)/.test(name))
    return 'which is in no base unit'
  if (/_(?:count|sum|bucket)$/.test(name)) return 'which ends as a part of a histogram does'
  if (type === 'histogram' && !/_(?:seconds|bytes)$/.test(name)) return 'which as a histogram names no unit'
  if ((type === 'counter') !== name.endsWith('_total')) return `which as a ${type} has a wrong ending`
  return undefined
}

function partFault({ help, type, labels = [], buckets, look }: Metric): string | undefined {
  if (!/^\S.*\S$/.test(help)) return 'without a line that says what it is'
  // A plugin in a file is not typechecked.
  if (!isList(labels)) return 'with labels that are no list of names'
  if (labels.some((label) => !/^[a-z][a-z_]*$/.test(label) || ['le', 'job', 'instance'].includes(label)))
    return 'with a label that is none, or that Prometheus has for itself'
  if (type !== 'histogram') return buckets && 'with buckets, and is no histogram'
  if (look) return 'which as a histogram cannot be looked at'
  const ascend = buckets?.every((bound, at) => at === 0 || bound > buckets[at - 1]!)
  return buckets?.length && ascend ? undefined : 'without buckets that ascend'
}

function isList(value: unknown): boolean {
  return Array.isArray(value)
}
