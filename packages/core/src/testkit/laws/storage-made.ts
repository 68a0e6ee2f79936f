import type { Event } from '../../protocol/index.js'

const services = ['api', 'web', 'worker']
const kinds = ['commit.seen', 'deployment.started', 'deployment.settled', 'hold.placed']

/** When the first made event happened; each next one is a second later. */
export const madeSince = Date.parse('2026-01-01T00:00:00.000Z')

/** So many events from seq 1 (or `from`), of several services, kinds, hosts and actors, always the same ones. */
export function madeEvents(count: number, from = 1): Event[] {
  return Array.from({ length: count }, (_, index) => madeEvent(from + index))
}

function madeEvent(seq: number): Event {
  const service = services[seq % services.length]!
  return {
    seq,
    id: `event-${seq}`,
    time: new Date(madeSince + (seq - 1) * 1000).toISOString(),
    host: seq % 5 === 0 ? 'box-2' : 'box-1',
    actor: seq % 4 === 0 ? { kind: 'user', name: 'ines' } : { kind: 'poll' },
    kind: kinds[seq % kinds.length]!,
    ...(seq % 7 === 0 ? {} : { service }),
    ...(seq % 2 === 0 ? { deployment: `d${String(seq >> 3).padStart(15, '0')}` } : {}),
    ...(seq % 3 === 0 ? { commit: String(seq).padStart(40, 'a') } : {}),
    ...(seq % 11 === 0 ? { why: 'Maintenance of the "Größere" disk' } : {}),
    data: { n: seq, text: `line ${seq}\nof text` },
  }
}
