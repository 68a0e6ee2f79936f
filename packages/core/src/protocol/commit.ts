import { z } from 'zod'
import { Sha, Timestamp } from './names.js'

/** What people need to know of a commit. Author and message are other people's text: show them as text. */
export const Commit = z
  .strictObject({
    sha: Sha,
    author: z.string().max(500),
    time: Timestamp,
    /** Its first 2,000 characters. */
    message: z.string().max(2000),
    parents: z.array(Sha).max(64),
  })
  .meta({ id: 'Commit' })
export type Commit = z.infer<typeof Commit>

/** A commit and those before it, newest first. */
export interface CommitHistory {
  commits: Commit[]
  /** Why there are fewer than were asked for, where it is not that there are no more, or that no more are kept. */
  fault?: { code: string; reason: string }
}

/** A git address and a ref of it: a branch, a tag or a full sha; `path` is the folder of the service in the tree. */
export const SourceRef = z.strictObject({
  url: z.string(),
  ref: z.string(),
  path: z.string().optional(),
})
export type SourceRef = z.infer<typeof SourceRef>
