/** So many commits on main, one after the other, for `git fast-import`. */
export function longHistory(commits: number): Buffer {
  const parts = ['blob\nmark :1\ndata 4\nsame\nreset refs/heads/main\n']
  for (let i = 1; i <= commits; i++) {
    const message = `Commit ${i}`
    const content = `${i}\n`
    parts.push(
      `commit refs/heads/main\ncommitter Ines <ines@git.example> ${1_700_000_000 + i} +0000\n`,
      `data ${message.length}\n${message}\nM 100644 inline file\ndata ${content.length}\n${content}\n`,
    )
  }
  return Buffer.from(parts.join(''))
}
