import { z } from 'zod'
import { readSshKey } from './ssh-key.js'
import { Malformed } from './wire.js'

const sshKey = z
  .string()
  .max(10_000)
  .superRefine((line, context) => {
    try {
      readSshKey(line)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      const message = `this is no public key of SSH, such as ssh-ed25519 AAAA…: ${error.message}`
      context.addIssue({ code: 'custom', message, input: '', continue: false })
    }
  })

const time = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'a time is RFC 3339, such as 2030-01-31 or 2030-01-31T09:00:00Z',
  })
  .transform((text) => Date.parse(text))

/** One of a service's `policy.signers`: a person, and a key of theirs. */
const Signer = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    /** The line of a public key file. */
    ssh: sshKey.optional(),
    /** A file with the public key, as `gpg --export` writes it; a relative one lies beside the config. */
    gpg: z.string().min(1).max(4000).optional(),
    /** Milliseconds since the epoch between which the key counts. */
    validAfter: time.optional(),
    validBefore: time.optional(),
    revoked: z.boolean().default(false),
  })
  .superRefine(({ ssh, gpg }, context) => {
    if ((ssh === undefined) !== (gpg === undefined)) return
    context.addIssue({ code: 'custom', message: 'either ssh or gpg belongs here', continue: false })
  })
export type Signer = z.infer<typeof Signer>

/** The key `signers` of a service's `policy`. */
export const Signers = z
  .array(Signer)
  .max(200)
  .superRefine((signers, context) => {
    const keys = signers.map(({ ssh, gpg }) => ssh?.trim().split(/\s+/)[1] ?? gpg)
    keys.forEach((key, index) => {
      const first = keys.indexOf(key)
      if (first === index) return
      const message = `this key is that of ${signers[first]!.name} already`
      context.addIssue({ code: 'custom', message, path: [index] })
    })
  })
  .default([])
