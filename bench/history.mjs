const day = 86_400_000
/** Long enough ago for ten million seconds, and not so long that anything of it is past its time. */
const started = Math.floor(Date.now() / day) * day - 150 * day

/** A history has so many services. */
export const services = 500

/** Hex digits that look like a hash of the numbers: as little alike as those of real commits. */
function hex(length, ...numbers) {
  let text = ''
  let state = numbers.reduce(
    (mixed, number) => Math.imul(mixed ^ number, 0x9e3779b1) ^ (mixed >>> 15),
    0x1234567,
  )
  while (text.length < length) {
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b) + text.length
    text += (state >>> 0).toString(16).padStart(8, '0')
  }
  return text.slice(0, length)
}

const authors = ['Ines Example <ines@example.org>', 'Jo Example <jo@example.org>']

/** The last commit of each service that was asked for, and its round: most events are of the same one. */
const last = []

/** The commit of the service's deployment of that round. */
function commitOf(service, round) {
  if (last[service]?.round !== round) last[service] = { round, commit: makeCommit(service, round) }
  return last[service].commit
}

function makeCommit(service, round) {
  const sha = hex(40, service, round)
  return {
    sha,
    parents: round > 0 ? [hex(40, service, round - 1)] : [],
    author: authors[round % authors.length],
    time: new Date(started + round * 1000).toISOString(),
    message: `Change ${round}: let the answer say that it was read from ${sha.slice(0, 12)}\n\nAnd keep it.`,
  }
}

/** What a deployment leaves in the journal, in order: the kind of each event and its data. */
const steps = [
  ['commit.seen', ({ commit }) => ({ commit, forced: false })],
  ['commit.admitted', ({ commit }) => ({ commit, held: false })],
  ['deployment.queued', ({ commit, digest }) => ({ commit, trigger: 'commit', digest, runtime: 'command' })],
  ['deployment.started', () => ({ phase: 'fetching' })],
  ['deployment.entered', () => ({ phase: 'planning' })],
  ['deployment.entered', () => ({ phase: 'applying' })],
  ['instance.exited', ({ before }) => ({ instance: `c${before}`, name: 'web-1', exitCode: 0, signal: null })],
  ['instance.started', ({ deployment }) => ({ instance: `c${deployment}`, name: 'web-1', pid: 4711 })],
  ['check.healthy', () => ({ check: 'http' })],
  ['deployment.entered', () => ({ phase: 'verifying' })],
  ['deployment.settled', () => ({ outcome: 'kept', runs: true, phases: [] })],
]

export function nameOf(service) {
  return `service-${String(service).padStart(3, '0')}`
}

const digests = Array.from({ length: services }, (_, service) => hex(64, service))

/** The event of that seq of a host on which all services are declared first, at that url, and then deployed again and again. */
export function historyEvent(seq, url) {
  const turn = Math.floor((seq - 1) / services)
  const service = (seq * 7) % services
  const round = Math.floor((turn - 1) / steps.length)
  const digest = digests[service]
  const about = {
    seq,
    id: `0192f0c1d2e3${String(seq).padStart(12, '0')}`,
    time: new Date(started + seq * 1000).toISOString(),
    host: 'bench',
    actor: turn === 0 ? { kind: 'system' } : { kind: 'poll' },
    service: nameOf(service),
  }
  if (turn === 0) {
    const source = { url, ref: 'main' }
    return { ...about, kind: 'service.declared', data: { source, run: { kind: 'command' }, digest } }
  }
  const commit = commitOf(service, round)
  const [before, deployment] = [hex(16, round - 1, service), hex(16, round, service)]
  const [kind, data] = steps[(turn - 1) % steps.length]
  return {
    ...about,
    kind,
    deployment,
    commit: commit.sha,
    data: data({ commit, digest, before, deployment }),
  }
}
