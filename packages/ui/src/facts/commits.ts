/** A commit as people name it. */
export const short = (sha: string) => sha.slice(0, 7)

/** What a commit is about. */
export const firstLine = (message: string) => message.split('\n', 1)[0] ?? ''
