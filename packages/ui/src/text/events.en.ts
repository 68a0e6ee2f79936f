import { en } from './en.js'
import { firstLine, short } from '../facts/commits.js'
import { because, quoted, type Sayings } from './sayings.js'

export const sayings: Sayings = {
  'service.declared': () => 'declared in the config',
  'service.changed': () => 'declared otherwise in the config',
  'service.removed': () => 'removed from the config',
  'service.ended': ({ data }) => `ended, because it is ${data.because}`,
  'service.stuck': ({ data }) => `could not be ended: ${data.reason}`,
  'commit.seen': ({ data: { commit, forced } }) =>
    `seen ${short(commit.sha)} “${firstLine(commit.message)}”${forced ? ', by force' : ''}`,
  'commit.skipped': ({ data: { commit, reason } }) => `skipped ${short(commit.sha)}: ${reason}`,
  'commit.admitted': ({ data: { commit, held, signer } }) =>
    `let in ${short(commit.sha)}${signer ? `, signed by ${signer}` : ''}${held ? '; it waits for a start' : ''}`,
  'commit.waiting': ({ data: { commit, reason } }) => `${short(commit.sha)} waits: ${reason}`,
  'commit.refused': ({ data: { commit, reason } }) => `refused ${short(commit.sha)}: ${reason}`,
  'deployment.queued': ({ data: { commit, trigger }, why }) =>
    `deployment of ${short(commit.sha)} queued by ${trigger}${quoted(why)}`,
  'deployment.started': ({ data: { phase } }) => `deployment began: ${phase}`,
  'deployment.entered': ({ data: { phase }, commit }) => `${phase} ${short(commit ?? '')}`,
  'deployment.settled': ({ data: { outcome, reason }, commit }) =>
    `settled ${short(commit ?? '')}: ${en.outcomes[outcome]}${reason ? `, ${reason}` : ''}`,
  'instance.started': ({ data: { name, instance } }) => `${name ?? instance} started`,
  'instance.exited': ({ data: { name, instance, exitCode, signal, reason } }) =>
    `${name ?? instance} ended ${signal ? `by ${signal}` : `with exit code ${exitCode ?? 'unknown'}`}${because(reason)}`,
  'instance.lost': ({ data: { name, instance, reason } }) => `${name ?? instance} is gone: ${reason}`,
  'drift.found': ({ data }) => `changed by hand: ${data.differences.map(({ say }) => say).join('; ')}`,
  'drift.healed': () => 'what was changed by hand is put right',
  'drift.gaveUp': ({ data }) => `could not be put right, tried ${data.tries} times`,
  'engine.away': ({ data: { engine, reason } }) => `${engine} does not answer: ${reason}`,
  'engine.back': ({ data }) => `${data.engine} answers again`,
  'hold.placed': ({ why }) => `stopped and held${quoted(why)}`,
  'hold.released': ({ why }) => `released${quoted(why)}`,
  'quarantine.placed': ({ commit, why, data }) =>
    `quarantined ${short(commit ?? '')}${data.descendants ? ' and what contains it' : ''}${quoted(why)}`,
  'quarantine.lifted': ({ commit, why }) => `quarantine of ${short(commit ?? '')} lifted${quoted(why)}`,
  'pin.placed': ({ data: { commit }, why }) => `pinned on ${short(commit.sha)}${quoted(why)}`,
  'pin.removed': ({ why }) => `no longer pinned${quoted(why)}`,
  'check.healthy': ({ data }) => `check ${data.check} is healthy`,
  'check.unhealthy': ({ data: { check, reason } }) => `check ${check} is unhealthy: ${reason}`,
  'check.unknown': ({ data: { check, reason } }) => `nothing is known of check ${check}${because(reason)}`,
  'source.unreachable': ({ data }) => `the repository cannot be read: ${data.reason}`,
  'source.reachable': () => 'the repository can be read again',
  'config.applied': ({ data }) => `config applied: ${data.changes.join('; ') || 'nothing changed'}`,
  'config.refused': ({ data }) => `config refused, the last good one stays: ${data.errors.join('; ')}`,
  'host.started': ({ data }) => `Longshore ${data.version} started`,
  'host.stopping': () => 'Longshore stops',
}
