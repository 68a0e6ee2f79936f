/** The full names that a ref may stand for; the first that is there counts. */
export function candidates(ref: string): string[] {
  return ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`]
}
