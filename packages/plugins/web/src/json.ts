import { WebError } from './errors.js'

const limits = { depth: 32, keys: 1_000 }

/** Strings whole, so that what stands within them is not taken for structure. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g

/**
 * Parses a JSON body. Refused beside what is no JSON: a name that stands twice in an object (readers disagree about
 * which one counts), and a nesting or a number of names that nothing here asks for.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let value: unknown
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = JSON.parse(text)
  } catch {
    throw refused('the body is not JSON in UTF-8')
  }
  survey(text)
  return value
}

/** Looks at JSON that is known to be well formed. */
function survey(text: string): void {
  const open: (Set<string> | undefined)[] = []
  let keys = 0
  let last = ''
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      const name = JSON.parse(last) as string
      const names = open.at(-1)!
      if (names.has(name)) throw refused('a name stands twice in one object of the body')
      names.add(name)
      if (++keys > limits.keys) throw refused(`the body has more than ${limits.keys} names`)
    } else last = token
    if (open.length > limits.depth) throw refused(`the body is nested deeper than ${limits.depth}`)
  }
}

function refused(what: string): WebError {
  return new WebError('WEB_BODY_MALFORMED', what, {
    status: 400,
    hint: 'Send one JSON object, such as {"why":"a test"}.',
  })
}
