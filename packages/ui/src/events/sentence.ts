import type { Event, Outcome, StateWord } from '@longshore/core/protocol'
import type { Sayings } from '../text/sayings.js'

/** What an event says. Of a kind that only a plugin knows: its name, and the facts that people look for first. */
export function sentenceOf(event: Event, sayings: Sayings): string {
  const say = Object.hasOwn(sayings, event.kind)
    ? (sayings as unknown as Record<string, (event: Event) => string>)[event.kind]
    : undefined
  if (say) return say(event)
  const data = (event.data ?? {}) as Record<string, unknown>
  const facts = [data['what'], data['about'], data['reason'], event.why].filter(
    (each) => typeof each === 'string',
  )
  return [event.kind.replace('.', ' '), ...facts].join(' · ')
}

/** Which shape stands beside an event: a state that it leads to, or an outcome. */
export function shapeOf(event: Event): { state?: StateWord; outcome?: Outcome } {
  const data = (event.data ?? {}) as { outcome?: Outcome; signal?: string; exitCode?: number }
  if (event.kind === 'deployment.settled' && data.outcome) return { outcome: data.outcome }
  // What was told to end, or ended well, is no trouble.
  if (event.kind === 'instance.exited' && (data.signal === 'SIGTERM' || data.exitCode === 0))
    return { state: 'unknown' }
  return shapes.find(([kinds]) => kinds.test(event.kind))?.[1] ?? { state: 'healthy' }
}

const shapes: [RegExp, { state?: StateWord; outcome?: Outcome }][] = [
  [/^deployment\./, { state: 'deploying' }],
  [
    /^(?:check\.unhealthy|service\.stuck|instance\.(?:exited|lost)|drift\.gaveUp|step\.failed)$/,
    { state: 'failing' },
  ],
  [/^(?:commit\.(?:refused|skipped)|access\.refused|config\.refused)$/, { outcome: 'refused' }],
  [/^quarantine\.placed$/, { state: 'quarantined' }],
  [/^(?:hold|freeze)\.placed$/, { state: 'held' }],
  [/^commit\.waiting$/, { state: 'waiting' }],
  [/^drift\.found$/, { state: 'drift' }],
  [/^(?:engine\.away|source\.unreachable|check\.unknown|host\.stopping)$/, { state: 'unknown' }],
]
