import { InputError } from '@longshore/core'
import { checkGitRef, Sha, type GitAddress } from '@longshore/core/protocol'

/** The ref, or GIT_REF. */
export function checkRef(ref: string): string {
  const fault = checkGitRef(ref)
  if (fault === undefined) return ref
  throw new InputError('GIT_REF', fault, {
    hint: 'Write a branch, a tag or a full commit id into source.ref.',
  })
}

/** The full commit id, or GIT_SHA. */
export function checkSha(sha: string): string {
  if (Sha.safeParse(sha).success) return sha
  throw new InputError('GIT_SHA', 'this is no full commit id', {
    hint: 'Write all 40 (or 64) hex digits in lower case.',
  })
}

/** Nothing of a refused address reaches git. */
export function addressOf(judged: GitAddress | string): GitAddress {
  if (typeof judged !== 'string') return judged
  throw new InputError('GIT_URL', judged, { hint: 'Mend source.url, or the credential that goes with it.' })
}
