import { Malformed } from './wire.js'

/** A signed commit: what was signed, and the armored signature as git was given it. */
export interface SignedCommit {
  payload: Buffer
  signature: string
}

/** Bytes of a signature that is read; those of people have less than 10 KiB. */
const longest = 65_536

/**
 * Takes a commit's object apart: the signature stands in a header of its own, and the rest is what was signed. Undefined
 * when it is not signed. Which header it is depends on the kind of id; one of the other kind, or a second one, would let
 * two readers see two different things, so that throws `Malformed`.
 */
export function splitCommit(object: Buffer, sha: string): SignedCommit | undefined {
  const wanted = sha.length === 64 ? 'gpgsig-sha256' : 'gpgsig'
  const rest: Buffer[] = []
  const signature: Buffer[] = []
  let inside = false
  let at = 0
  while (at < object.length && object[at] !== newline) {
    const end = object.indexOf(newline, at) + 1 || object.length
    const line = object.subarray(at, end)
    const goesOn = line[0] === space
    if (!goesOn) inside = line.subarray(0, 6).toString('latin1') === 'gpgsig'
    if (!inside) rest.push(line)
    else if (goesOn) signature.push(line.subarray(1))
    else {
      const [name] = line.toString('latin1').split(' ', 1)
      if (name !== wanted || signature.length > 0)
        throw new Malformed('it has more than one, or one of another kind')
      signature.push(line.subarray(wanted.length + 1))
    }
    at = end
  }
  if (signature.length === 0) return undefined
  const text = Buffer.concat(signature)
  if (text.length > longest) throw new Malformed('it is too long')
  return { payload: Buffer.concat([...rest, object.subarray(at)]), signature: text.toString('latin1') }
}

const newline = 0x0a
const space = 0x20
