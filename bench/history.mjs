const started = Date.parse('2026-01-01T00:00:00.000Z')
/** A history has so many services. */
export const services = 500

const hex = (number, length) => number.toString(16).padStart(length, '0')

/** The commit of the service's deployment of that number. */
function commitOf(service, round) {
  const sha = hex(round * 1_000 + service + 1, 8).repeat(5)
  return {
    sha,
    parents: round > 0 ? [hex((round - 1) * 1_000 + service + 1, 8).repeat(5)] : [],
    author: 'Ines Example <ines@example.org>',
    time: new Date(started + round * 1000).toISOString(),
    message: `Change ${round}: let the answer say which table it was read from\n\nAnd keep it for a minute.`,
  }
}

/** What a deployment leaves in the journal, in order: the kind of each event and its data. */
const steps = [
  ['commit.seen', ({ commit }) => ({ commit, forced: false })],
  ['commit.admitted', ({ commit }) => ({ commit, held: false })],
  ['deployment.queued', ({ commit, digest }) => ({ commit, trigger: 'commit', digest, runtime: 'image' })],
  ['deployment.started', () => ({ phase: 'fetching' })],
  ['deployment.entered', () => ({ phase: 'planning' })],
  ['deployment.entered', () => ({ phase: 'applying' })],
  ['instance.started', ({ deployment }) => ({ instance: `c${deployment}`, name: 'web-1', pid: 4711 })],
  ['check.healthy', () => ({ check: 'http' })],
  ['deployment.entered', () => ({ phase: 'verifying' })],
  ['deployment.settled', () => ({ outcome: 'kept', runs: true, phases: [] })],
]

/** The event of that seq of a host on which all services are declared first and then deployed again and again. */
export function historyEvent(seq) {
  const turn = Math.floor((seq - 1) / services)
  const service = (seq * 7) % services
  const round = Math.floor((turn - 1) / steps.length)
  const digest = hex(service + 1, 64)
  const about = {
    seq,
    id: `0192f0c1d2e3${String(seq).padStart(12, '0')}`,
    time: new Date(started + seq * 1000).toISOString(),
    host: 'bench',
    actor: turn === 0 ? { kind: 'system' } : { kind: 'poll' },
    service: `service-${String(service).padStart(3, '0')}`,
  }
  if (turn === 0) {
    const source = { url: `https://git.example/team/service-${service}.git`, ref: 'main', path: 'deploy' }
    return { ...about, kind: 'service.declared', data: { source, run: { kind: 'image' }, digest } }
  }
  const commit = commitOf(service, round)
  const deployment = hex(round * services + service + 1, 16)
  const [kind, data] = steps[(turn - 1) % steps.length]
  return { ...about, kind, deployment, commit: commit.sha, data: data({ commit, digest, deployment }) }
}
