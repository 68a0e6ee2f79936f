import { InputError } from '@longshore/core'

/** Whether a text matches, in time that grows only with the text's length. */
export type Matcher = (text: string) => boolean

/** Characters that an expression looks into: it may take a millisecond for a hundred thousand. */
export const matchedLength = 131_072
const kept = new Map<string, Matcher>()
/** Expressions that stay compiled. */
const keptMost = 1_000

/** Compiles an expression in RE2's syntax, once for all who use it. */
export async function matcher(expression: string): Promise<Matcher> {
  const known = kept.get(expression)
  if (known) return known
  const { RE2JS } = await import('re2js')
  let compiled: InstanceType<typeof RE2JS>
  try {
    compiled = RE2JS.compile(expression)
  } catch (error) {
    const reason = (error as Error).message.slice(0, 200)
    throw new InputError('CHECK_EXPRESSION', `a check's expression is none: ${reason}`, {
      hint: 'Write it as RE2 takes it, without look-around and back-references.',
    })
  }
  const match = (text: string) => compiled.test(text.slice(0, matchedLength))
  if (kept.size >= keptMost) kept.delete(kept.keys().next().value!)
  kept.set(expression, match)
  return match
}
