import type { PublicKey, SignaturePacket, Subkey } from 'openpgp'
import { Malformed } from './wire.js'

/** The library is big, and most hosts have no use for it. */
const openpgp = () => import('openpgp')

export const pgpBegin = '-----BEGIN PGP SIGNATURE-----'
/** Signatures of one file of keys, and certifications by others, make it long; this is far more than people have. */
export const longestKeys = 2 ** 20
const blocks = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g

export type PgpKey = PublicKey

/** How a key stands that made a signature; `unfit`: it is none that may sign, or nothing binds it to its owner. */
export type PgpStanding = 'good' | 'expired' | 'revoked' | 'unfit'

/** One detached signature by an OpenPGP key. */
export interface PgpSignature {
  /** Of the key that it says it is by: 16 hex digits. */
  keyId: string
  packet: SignaturePacket
}

/** The public keys in a file, armored or not. Throws `Malformed`. */
export async function readPgpKeys(bytes: Buffer): Promise<PublicKey[]> {
  const { readKeys } = await openpgp()
  const armored = bytes.toString('latin1').match(blocks)
  try {
    const found = armored
      ? await Promise.all(armored.map((armoredKeys) => readKeys({ armoredKeys })))
      : [await readKeys({ binaryKeys: bytes })]
    return found.flat().map((key) => key.toPublic())
  } catch (error) {
    throw new Malformed(`it holds no OpenPGP key: ${(error as Error).message.split('\n')[0]}`)
  }
}

/** Reads an armored signature. Throws `Malformed`. */
export async function readPgpSignature(armored: string): Promise<PgpSignature> {
  const { readSignature, SignaturePacket, enums } = await openpgp()
  const read = await readSignature({ armoredSignature: armored }).catch((error: unknown) => {
    throw new Malformed(`it cannot be read: ${(error as Error).message.split('\n')[0]}`)
  })
  const [packet] = read.packets
  if (!(packet instanceof SignaturePacket) || read.packets.length > 1)
    throw new Malformed('it is not exactly one signature')
  if (packet.signatureType !== enums.signature.binary) throw new Malformed('it is not one of data')
  return { keyId: packet.issuerKeyID.toHex(), packet }
}

/** How the key stands now, if the signature says that it is by it; throws `Malformed` when it did not make it for this data. */
export async function pgpStanding(
  { packet }: PgpSignature,
  data: Buffer,
  key: PublicKey,
  now: number,
): Promise<PgpStanding | undefined> {
  const [by] = key.getKeys(packet.issuerKeyID)
  if (!by) return undefined
  const { createMessage, enums } = await openpgp()
  const [literal] = (await createMessage({ binary: data })).packets
  try {
    // Whenever it says that it was made: the clocks of people differ, and what counts is how the key stands now.
    await packet.verify(by.keyPacket, enums.signature.binary, literal!, null as unknown as Date, true)
  } catch (error) {
    throw new Malformed(`OpenPGP says: ${(error as Error).message}`)
  }
  if (Number(packet.getExpirationTime()) <= now)
    throw new Malformed('it was only good until a time that is over')
  return standing(key, by, now)
}

async function standing(key: PublicKey, by: PublicKey | Subkey, now: number): Promise<PgpStanding> {
  const date = new Date(now)
  const subkey = by === key ? undefined : (by as Subkey)
  if (await key.isRevoked(undefined, undefined, date)) return 'revoked'
  if (await subkey?.isRevoked(undefined as never, undefined as never, date)) return 'revoked'
  const ends = [await key.getExpirationTime(), subkey && (await subkey.getExpirationTime(date))]
  if (ends.includes(null)) return 'unfit'
  if (ends.some((end) => end !== undefined && Number(end) <= now)) return 'expired'
  return key.getSigningKey(by.getKeyID(), date).then(
    () => 'good',
    () => 'unfit',
  )
}
