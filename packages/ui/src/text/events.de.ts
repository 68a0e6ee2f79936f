import { de } from './de.js'
import { firstLine, short } from '../facts/commits.js'
import { because, quoted, type Sayings } from './sayings.js'

const ends = {
  held: 'er angehalten ist',
  removed: 'er entfernt wurde',
  quarantined: 'sein Commit gesperrt ist',
}

export const sayings: Sayings = {
  'service.declared': () => 'in der Konfiguration deklariert',
  'service.changed': () => 'in der Konfiguration geändert',
  'service.removed': () => 'aus der Konfiguration entfernt',
  'service.ended': ({ data }) => `beendet, weil ${ends[data.because]}`,
  'service.stuck': ({ data }) => `ließ sich nicht beenden: ${data.reason}`,
  'commit.seen': ({ data: { commit, forced } }) =>
    `gesehen: ${short(commit.sha)} „${firstLine(commit.message)}“${forced ? ', erzwungen' : ''}`,
  'commit.skipped': ({ data: { commit, reason } }) => `übergangen: ${short(commit.sha)}, ${reason}`,
  'commit.admitted': ({ data: { commit, held, signer } }) =>
    `eingelassen: ${short(commit.sha)}${signer ? `, signiert von ${signer}` : ''}${held ? '; er wartet auf einen Start' : ''}`,
  'commit.waiting': ({ data: { commit, reason } }) => `${short(commit.sha)} wartet: ${reason}`,
  'commit.refused': ({ data: { commit, reason } }) => `abgelehnt: ${short(commit.sha)}, ${reason}`,
  'deployment.queued': ({ data: { commit, trigger }, why }) =>
    `Deployment von ${short(commit.sha)} eingereiht (${trigger})${quoted(why)}`,
  'deployment.started': ({ data: { phase } }) => `Deployment begann: ${phase}`,
  'deployment.entered': ({ data: { phase }, commit }) => `${phase} ${short(commit ?? '')}`,
  'deployment.settled': ({ data: { outcome, reason }, commit }) =>
    `fertig ${short(commit ?? '')}: ${de.outcomes[outcome]}${reason ? `, ${reason}` : ''}`,
  'instance.started': ({ data: { name, instance } }) => `${name ?? instance} gestartet`,
  'instance.exited': ({ data: { name, instance, exitCode, signal, reason } }) =>
    `${name ?? instance} endete ${signal ? `durch ${signal}` : `mit Exit-Code ${exitCode ?? 'unbekannt'}`}${because(reason)}`,
  'instance.lost': ({ data: { name, instance, reason } }) => `${name ?? instance} ist weg: ${reason}`,
  'drift.found': ({ data }) => `von Hand geändert: ${data.differences.map(({ say }) => say).join('; ')}`,
  'drift.healed': () => 'was von Hand geändert war, ist wieder recht',
  'drift.gaveUp': ({ data }) => `ließ sich nicht richten, ${data.tries} Versuche`,
  'engine.away': ({ data: { engine, reason } }) => `${engine} antwortet nicht: ${reason}`,
  'engine.back': ({ data }) => `${data.engine} antwortet wieder`,
  'hold.placed': ({ why }) => `angehalten${quoted(why)}`,
  'hold.released': ({ why }) => `freigegeben${quoted(why)}`,
  'quarantine.placed': ({ commit, why, data }) =>
    `gesperrt: ${short(commit ?? '')}${data.descendants ? ' und was ihn enthält' : ''}${quoted(why)}`,
  'quarantine.lifted': ({ commit, why }) => `Sperre von ${short(commit ?? '')} aufgehoben${quoted(why)}`,
  'pin.placed': ({ data: { commit }, why }) => `festgesteckt auf ${short(commit.sha)}${quoted(why)}`,
  'pin.removed': ({ why }) => `nicht mehr festgesteckt${quoted(why)}`,
  'check.healthy': ({ data }) => `Prüfung ${data.check} ist gesund`,
  'check.unhealthy': ({ data: { check, reason } }) => `Prüfung ${check} ist gestört: ${reason}`,
  'check.unknown': ({ data: { check, reason } }) =>
    `von Prüfung ${check} ist nichts bekannt${because(reason)}`,
  'source.unreachable': ({ data }) => `das Repository ist nicht lesbar: ${data.reason}`,
  'source.reachable': () => 'das Repository ist wieder lesbar',
  'config.applied': ({ data }) => `Konfiguration übernommen: ${data.changes.join('; ') || 'nichts geändert'}`,
  'config.refused': ({ data }) => `Konfiguration abgelehnt, die letzte gute gilt: ${data.errors.join('; ')}`,
  'host.started': ({ data }) => `Longshore ${data.version} gestartet`,
  'host.stopping': () => 'Longshore hält an',
}
