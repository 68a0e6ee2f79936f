/** Characters that some file systems do not see in a name (HFS+ ignores them, so .g‌it would be .git there). */
const ignored = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g

/** Why one part of a path may not be written; undefined when it may. Safe on every system, not on this one alone. */
export function nameFault(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'it leads out of its folder'
  if (Buffer.byteLength(name) > 255) return 'a part of its name is longer than 255 bytes'
  if (/\p{Cc}/u.test(name)) return 'its name holds a control character'
  if (name.includes('\\')) return 'its name holds \\, which some systems take for a folder'
  if (/^[a-z]:/i.test(name)) return 'its name begins like a drive'
  const plain = name
    .replace(ignored, '')
    .toLowerCase()
    .replace(/[ .]+$/, '')
  if (plain === '.git' || plain === 'git~1') return 'it means git’s own folder'
  return undefined
}

/** What a file system that ignores case takes the name for: two names with the same answer may be one file there. */
export function foldName(name: string): string {
  // By way of the upper case, which ß and SS share, and the two ways to write a σ.
  return name.normalize('NFC').toUpperCase().toLowerCase()
}
