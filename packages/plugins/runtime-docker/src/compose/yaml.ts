import {
  isMap,
  isNode,
  isScalar,
  parse,
  parseAllDocuments,
  stringify,
  visit,
  type Document,
  type YAMLMap,
} from 'yaml'

/** What Compose takes out of a document before it merges files; any other tag would read differently here and there. */
const known = new Set(['!reset', '!override'])

/** The documents of a compose file, aliases and merges carried out. Throws where Compose could read something else. */
export function parseDocuments(text: string): Record<string, unknown>[] {
  // The parser's own look for keys that come twice compares each with each.
  const options = { merge: true, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' } as const
  const documents = parseAllDocuments(text, options)
  if (!Array.isArray(documents)) return []
  return (documents as Document.Parsed[]).flatMap((document) => {
    const [fault] = document.errors
    if (fault) throw new Error(fault.message)
    visit(document, (_, node) => {
      if (isMap(node)) checkKeys(node)
      const tag = isNode(node) && 'tag' in node ? node.tag : undefined
      if (tag && !tag.startsWith('tag:yaml.org,2002:') && !known.has(tag))
        throw new Error(`the tag ${tag} is not known`)
      if (tag === 'tag:yaml.org,2002:binary') throw new Error('binary values are not read')
    })
    if (document.contents === null) return []
    if (!isMap(document.contents)) throw new Error('it holds no map')
    return [document.toJS({ maxAliasCount: 100 }) as Record<string, unknown>]
  })
}

/** A key that comes twice: Compose could take the other value. */
function checkKeys({ items }: YAMLMap): void {
  const seen = new Set<unknown>()
  for (const { key } of items) {
    const word = isScalar(key) ? key.value : key
    if (seen.has(word) && word !== '<<') throw new Error(`the key ${String(word)} comes twice in a map`)
    seen.add(word)
  }
}

/** What `printYaml` printed. */
export function readYaml(text: string): unknown {
  return parse(text)
}

export function printYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}
