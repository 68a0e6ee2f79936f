/** A webhook as it came. */
export interface HookRequest {
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>
  /** The exact bytes: they are what is signed. */
  body: Uint8Array
}

/** What is signed says of itself: the forge's own word for it, and an id under which it counts once. */
interface Signed {
  event: string
  once?: string
}

/** What a webhook means. */
export type HookVerdict =
  /** Something may be new in a repository, known by any of these addresses; in these refs, or in any where none are named. */
  | (Signed & { kind: 'look'; repositories: string[]; refs?: string[] })
  /** It is about nothing that is deployed. */
  | (Signed & { kind: 'nothing'; code: string; reason: string })
  /** It is signed, and not what it says it is. */
  | (Signed & { kind: 'malformed'; reason: string })
  /** Nobody knows who sent it. */
  | { kind: 'refused'; code: string; reason: string }

/** What came, or comes, of a deployment of a commit. */
export interface CommitStatus {
  /** The path of the repository within the forge: `team/app`. */
  repository: string
  sha: string
  state: 'pending' | 'success' | 'failure'
  /** Tells the statuses of one commit apart: `longshore/box-1/api`. */
  context: string
  description: string
  /** Where people see more, when the config says under which address they reach this host. */
  link?: string
}
