import { Duration, Size } from '@longshore/core/protocol'
import { z } from 'zod'

/** What a commit may hold; more is refused before anything is written. */
export const Limits = z.strictObject({
  /** Files and links of a commit. */
  files: z.int().min(1).default(250_000),
  /** Folders of a commit, the empty ones too. */
  folders: z.int().min(1).default(50_000),
  /** Bytes of one file. */
  file: Size.prefault('1GiB'),
  /** Bytes of all files; also what one fetch may bring. */
  total: Size.prefault('4GiB'),
  /** Folders above a file. */
  depth: z.int().min(1).max(1000).default(100),
  /** Bytes of a path. */
  path: z.int().min(1).max(3000).default(1000),
  /** Bytes of all paths and targets of links: what has to be remembered of a commit while it is written. */
  paths: Size.prefault('32MiB'),
})
export type Limits = z.infer<typeof Limits>

/** The `git` section of the config. */
export const GitConfig = z
  .strictObject({
    /** How long one fetch may take. */
    timeout: Duration.prefault('10m'),
    limits: Limits.prefault({}),
  })
  .prefault({})
export type GitConfig = z.infer<typeof GitConfig>
