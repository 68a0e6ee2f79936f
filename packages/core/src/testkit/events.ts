import type { Event } from '../protocol/index.js'

/** Something of this kind happened, to this commit if one is given. */
export function happened(kind: string, sha?: string): (event: Event) => boolean {
  return (event) => event.kind === kind && (sha === undefined || event.commit === sha)
}

/** A deployment of the commit settled with this outcome. */
export function settled(sha: string, outcome: string): (event: Event) => boolean {
  return ({ kind, commit, data }) =>
    kind === 'deployment.settled' && commit === sha && (data as { outcome: string }).outcome === outcome
}
