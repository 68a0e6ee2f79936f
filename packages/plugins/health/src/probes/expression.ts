/**
 * Why a text is no expression in RE2's syntax, as far as that can be told without its library, which is loaded when an
 * expression is first used. What is valid is never refused; what slips through is told by the first look.
 */
export function checkExpression(text: string): string | undefined {
  const plain = text.replace(/\\Q.*?(\\E|$)/gs, 'q')
  const bare = plain.replace(/\\\\/g, '')
  if (/\(\?<?[=!]/.test(bare)) return 'an expression here has no look-around: it takes RE2 syntax'
  if (/\\[1-9]/.test(bare)) return 'an expression here has no back-references: it takes RE2 syntax'
  const like = plain
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?[imsU-]+([:)])/g, (_, end: string) => (end === ':' ? '(?:' : '(?:)'))
  try {
    new RegExp(like)
    return undefined
  } catch (error) {
    const said = (error as Error).message.split(': ').at(-1)!
    return `this is no regular expression: ${said.toLowerCase()}`
  }
}
