import type { Advance } from '../journal/advance.js'
import type { Hooks } from '../kernel/hooks.js'
import {
  Instance,
  Phase,
  StateWord,
  stateOf,
  type Deployment,
  type HostState,
  type Placement,
} from '../protocol/index.js'
import type { Metrics, Sample } from './metric.js'

/** Seconds, from a process that is started anew to an image that is built. */
const deploymentBuckets = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800]
/** Seconds, from a disk of memory to one that is stuck. */
const writeBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

interface Parts {
  metrics: Metrics
  hooks: Hooks
  journal: Advance
  host: string
}

/** What the flow and the journal have to tell of themselves. */
export function addFlowMetrics({ metrics, hooks, journal, host }: Parts): void {
  const declared = () => journal.here().filter((placement) => placement.declared)
  addServices(metrics, declared, () => journal.hostState(host))
  addDeployments(metrics, hooks, declared)
  addJournal(metrics, journal)
}

function addServices(
  { add }: Metrics,
  declared: () => Placement[],
  hostState: () => Promise<HostState | undefined>,
): void {
  const states = async () => {
    const host = await hostState()
    return declared().map((placement) => ({ service: placement.service, state: stateOf(placement, host) }))
  }
  const gauge = (name: string, help: string, look: () => Sample[] | Promise<Sample[]>, ...labels: string[]) =>
    add({ name: `longshore_${name}`, help, type: 'gauge', labels, look })
  const words = StateWord.options
  gauge('services', 'Services by state', async () => tally('state', words, await states()), 'state')
  gauge(
    'service_state',
    '1 for the state that the service is in',
    async () => (await states()).map((labels) => ({ value: 1, labels })),
    ...['service', 'state'],
  )
  gauge('services_held', 'Services that somebody holds', () => [
    { value: declared().filter(({ hold }) => hold).length },
  ])
  gauge('quarantines', 'Commits that are barred, over all services', () => [
    { value: declared().reduce((sum, { quarantines }) => sum + quarantines.length, 0) },
  ])
  gauge(
    'instances',
    'Containers and processes of services by state',
    () =>
      tally(
        'state',
        Instance.shape.state.options,
        declared().flatMap(({ instances }) => instances),
      ),
    'state',
  )
  gauge(
    'source_reachable',
    'Whether the repository of the service could be read when it was looked at last',
    () => declared().map(({ service, unreachable }) => ({ value: unreachable ? 0 : 1, labels: { service } })),
    'service',
  )
  gauge('engines_away', 'Engines of runtimes that do not answer', async () => [
    { value: Object.keys((await hostState())?.away ?? {}).length },
  ])
}

function addDeployments({ add }: Metrics, hooks: Hooks, declared: () => Placement[]): void {
  const phases = Phase.options.filter((phase) => phase !== 'settled')
  add({
    name: 'longshore_deployments_underway',
    help: 'Deployments that have not settled, by phase; those that are queued wait for their turn',
    type: 'gauge',
    labels: ['phase'],
    look: () =>
      tally(
        'phase',
        phases,
        declared().flatMap(({ deployment }) => deployment ?? []),
      ),
  })
  const count = add({
    name: 'longshore_deployments_total',
    help: 'Deployments that settled, by service and outcome',
    type: 'counter',
    labels: ['service', 'outcome'],
  })
  const observe = add({
    name: 'longshore_deployment_duration_seconds',
    help: 'From being queued to being settled',
    type: 'histogram',
    labels: ['outcome'],
    buckets: deploymentBuckets,
  })
  const told = ({ service, outcome = 'failed', phases }: Deployment) => {
    count(1, { service, outcome })
    const [first, last] = [phases[0], phases.at(-1)]
    if (first && last) observe((Date.parse(last.at) - Date.parse(first.at)) / 1000, { outcome })
  }
  hooks.settled.tap(told)
  hooks.failed.tap(told)
}

function addJournal({ add }: Metrics, journal: Advance): void {
  add({
    name: 'longshore_journal_seq',
    help: 'The seq of the newest durable event',
    type: 'gauge',
    look: () => [{ value: journal.last() }],
  })
  add({
    name: 'longshore_journal_writes_pending',
    help: 'Writes that wait for the disk',
    type: 'gauge',
    look: () => [{ value: journal.pending }],
  })
  const count = add({
    name: 'longshore_journal_events_total',
    help: 'Events recorded, by kind',
    type: 'counter',
    labels: ['kind'],
  })
  const observe = add({
    name: 'longshore_journal_append_duration_seconds',
    help: 'From asking for a write to its being durable',
    type: 'histogram',
    buckets: writeBuckets,
  })
  journal.measure((events, seconds) => {
    for (const { kind } of events) count(1, { kind })
    observe(seconds)
  })
}

/** How many there are of each word, none included. */
function tally<K extends string, W extends string>(
  label: K,
  words: readonly W[],
  found: readonly Record<K, W | 'settled'>[],
): Sample[] {
  return words.map((word) => ({
    value: found.filter((each) => each[label] === word).length,
    labels: { [label]: word },
  }))
}
