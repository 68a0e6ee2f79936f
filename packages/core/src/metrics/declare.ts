import type { Metric, Tell } from './metric.js'
import { checkMetric, checkTaken } from './naming.js'

/** A metric, for whoever serves it. */
export interface DeclaredMetric extends Metric {
  plugin: string
  /** Has what is told from now on come here. One listens, the last who asked. */
  listen(tell: Tell): void
}

/** Adds a plugin's metric to those that are served. */
export function declareMetric(declared: DeclaredMetric[], plugin: string, metric: Metric): Tell {
  checkMetric(plugin, metric)
  checkTaken(plugin, metric.name, declared)
  let told: Tell | undefined
  declared.push({ ...metric, plugin, listen: (tell) => (told = tell) })
  return (value, labels) => told?.(value, labels)
}
