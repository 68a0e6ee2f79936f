import type { Commit, CommitHistory, SecretRef, Sha } from '../protocol/index.js'
import { token } from '../kernel/token.js'

/** How a git server is told who asks. Secrets stay references until the call that needs them. */
export type Credential =
  | { kind: 'https'; username: string; password: SecretRef }
  | { kind: 'ssh'; key: SecretRef; knownHosts: string }

/** Where a service's commits come from. */
export interface Source {
  url: string
  /** A branch, a tag or a full sha. */
  ref: string
  /** Milliseconds between two looks. */
  poll: number
  credential?: Credential
  /** Plain http beyond loopback was asked for by name; never together with a credential. */
  insecure?: boolean
}

/** What a watch sees. `unreachable` comes once, `reachable` once when that is over; code GIT_REF_MISSING: the ref is gone. */
export type Sighting =
  { kind: 'head'; sha: Sha } | { kind: 'unreachable'; code: string; reason: string } | { kind: 'reachable' }

/** Somebody who may know that there is something new: resolves when they say so, or the signal aborts. */
export interface Nudges {
  heard(signal: AbortSignal): Promise<void>
}

/** What a checkout wrote, and the entries that it left out on purpose. */
export interface CheckoutReport {
  files: number
  bytes: number
  left: { path: string; kind: 'submodule' | 'lfs' }[]
}

/**
 * Follows git repositories and brings their commits.
 *
 * Law: a watch yields the head first, then each new head; a commit may repeat, the newest is never lost; it ends when
 * its signal aborts, and never throws for a server that is away; whenever it is nudged it looks at once. `checkout` writes exactly that commit into an empty
 * directory, or rejects and leaves the directory empty. `changed` and `contains` answer undefined when they cannot
 * tell. What `object` answers has the sha as its hash. Nothing of the repository is executed. Secrets never stand in
 * errors, argv or a repository's config.
 */
export interface GitProvider {
  watch(source: Source, signal: AbortSignal, nudges?: Nudges): AsyncIterable<Sighting>
  /** Brings the commit's objects here and tells of it. */
  fetch(source: Source, sha: Sha, signal: AbortSignal): Promise<Commit>
  /** The paths that differ between two commits, both fetched before. */
  changed(source: Source, from: Sha, to: Sha, signal: AbortSignal): Promise<string[] | undefined>
  /** Whether `ancestor` is in the history of `sha`, as far as some hundred commits tell; with `deep`, however long it takes. */
  contains(
    source: Source,
    sha: Sha,
    ancestor: Sha,
    signal: AbortSignal,
    deep?: boolean,
  ): Promise<boolean | undefined>
  checkout(source: Source, sha: Sha, directory: string, signal: AbortSignal): Promise<CheckoutReport>
  /** The exact bytes of the commit's object, without git's own head: what a signature of it is about. */
  object(source: Source, sha: Sha, signal: AbortSignal): Promise<Uint8Array>
  /** The commit and those before it, newest first, at most `limit`; what is here, and why no more, when the server is away. */
  history(source: Source, sha: Sha, limit: number, signal: AbortSignal): Promise<CommitHistory>
}

export const GitProvider = token<GitProvider>('GitProvider')
