const kinds = [
  'commit.seen',
  'commit.admitted',
  'deployment.queued',
  'deployment.started',
  'deployment.settled',
]
const started = Date.parse('2026-01-01T00:00:00.000Z')

/** The event of that seq of a host with 100 services: what a deployment's life leaves behind, a second apart. */
export function madeEvent(seq) {
  const deployment = String(Math.floor(seq / 5)).padStart(16, '0')
  return {
    seq,
    id: `0192f0c1d2e3${String(seq).padStart(12, '0')}`,
    time: new Date(started + seq * 1000).toISOString(),
    host: 'box',
    actor: seq % 50 === 0 ? { kind: 'user', name: 'ines' } : { kind: 'poll' },
    kind: kinds[seq % kinds.length],
    service: `service-${(seq * 7919) % 100}`,
    deployment,
    commit: deployment.padStart(40, 'c'),
    data: { phase: 'applying', trigger: 'commit', digest: deployment.padStart(64, 'd') },
  }
}
