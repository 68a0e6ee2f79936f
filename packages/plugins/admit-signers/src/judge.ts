import type { Refusal, Vouch } from '@longshore/core'
import type { Signer } from './config.js'
import { splitCommit, type SignedCommit } from './commit-object.js'
import { pgpBegin, pgpStanding, readPgpSignature, type PgpStanding } from './pgp.js'
import type { KeyFiles } from './key-files.js'
import { fingerprint, readSshKey } from './ssh-key.js'
import { readSshSignature, sshBegin, sshFault } from './sshsig.js'
import { Malformed } from './wire.js'

/** Who signed a commit, or why that does not count. `reason` goes on after "its signature" or the like: a whole clause. */
export type Verdict = Vouch | Refusal

/** Whose key made a signature, and how it stands beside what the config says of it. */
interface Made {
  signer: Signer
  standing: PgpStanding
}

/** A signature that was read: the key that it says it is by, as people name it, and whose it is. */
interface Found {
  by: string
  made: Made[]
  /** Files of keys that could not be read: one of them may hold the right one. */
  unread: string[]
}

/** Judges a commit's object: whether somebody whom the config names signed it, with a key that counts now. */
export async function judge(
  object: Buffer,
  sha: string,
  signers: readonly Signer[],
  files: KeyFiles,
  now: number,
): Promise<Verdict> {
  const names = [...new Set(signers.map(({ name }) => name))].join(', ')
  try {
    const signed = splitCommit(object, sha)
    if (!signed) return { code: 'SIGNATURE_MISSING', reason: `it is not signed; ${names} may sign` }
    const { by, made, unread } = await find(signed, signers, files, now)
    if (made.length > 0) return weigh(made, now)
    const more = unread.length > 0 ? `; not all keys could be read: ${unread.join('; ')}` : ''
    return {
      code: 'SIGNER_UNKNOWN',
      reason: `it is signed by the key ${by}, which is none of ${names}${more}`,
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { code: 'SIGNATURE_BAD', reason: `its signature is not good: ${error.message}` }
  }
}

function find(
  signed: SignedCommit,
  signers: readonly Signer[],
  files: KeyFiles,
  now: number,
): Promise<Found> | Found {
  const { signature } = signed
  if (signature.startsWith(sshBegin)) return findSsh(signed, signers)
  if (signature.startsWith(pgpBegin)) return findPgp(signed, signers, files, now)
  throw new Malformed('it is neither one of SSH nor one of OpenPGP')
}

function findSsh({ payload, signature }: SignedCommit, signers: readonly Signer[]): Found {
  const read = readSshSignature(signature)
  const made: Made[] = []
  for (const signer of signers) {
    const key = signer.ssh === undefined ? undefined : readSshKey(signer.ssh)
    if (!key?.blob.equals(read.key)) continue
    const fault = sshFault(read, key, payload)
    if (fault !== undefined) throw new Malformed(fault)
    made.push({ signer, standing: 'good' })
  }
  return { by: fingerprint(read.key), made, unread: [] }
}

async function findPgp(
  { payload, signature }: SignedCommit,
  signers: readonly Signer[],
  files: KeyFiles,
  now: number,
): Promise<Found> {
  const read = await readPgpSignature(signature)
  const made: Made[] = []
  const unread: string[] = []
  for (const signer of signers) {
    if (signer.gpg === undefined) continue
    const { keys, fault } = await files.read(signer.gpg)
    if (fault !== undefined) unread.push(fault)
    for (const key of keys) {
      const standing = await pgpStanding(read, payload, key, now)
      if (standing) made.push({ signer, standing })
    }
  }
  return { by: read.keyId, made, unread }
}

/** The key may stand in the config more than once: a revocation counts wherever it is, then whoever lets it count. */
function weigh(made: readonly Made[], now: number): Verdict {
  const verdicts = made.map((each) => verdictOf(each, now))
  const revoked = verdicts.find((each) => 'code' in each && each.code === 'SIGNER_REVOKED')
  return revoked ?? verdicts.find((each) => 'signer' in each) ?? verdicts[0]!
}

function verdictOf({ signer, standing }: Made, now: number): Verdict {
  const { name, revoked, validAfter, validBefore } = signer
  const date = (time: number) => new Date(time).toISOString()
  const expired = (how: string) => ({
    code: 'SIGNER_EXPIRED',
    reason: `it is signed by ${name}, whose key ${how}`,
  })
  if (revoked || standing === 'revoked')
    return { code: 'SIGNER_REVOKED', reason: `it is signed by ${name}, whose key is revoked` }
  if (validBefore !== undefined && now >= validBefore) return expired(`counted until ${date(validBefore)}`)
  if (validAfter !== undefined && now < validAfter) return expired(`counts from ${date(validAfter)} on`)
  if (standing === 'expired') return expired('has expired')
  if (standing === 'good') return { signer: name }
  return { code: 'SIGNATURE_BAD', reason: `it is signed by ${name}, with a key that is none for signing` }
}
