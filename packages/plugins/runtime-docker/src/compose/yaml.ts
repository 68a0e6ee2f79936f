import { isMap, isNode, parseAllDocuments, stringify, visit, type Document } from 'yaml'

/** What Compose takes out of a document before it merges files; any other tag would read differently here and there. */
const known = new Set(['!reset', '!override'])

/** The documents of a compose file, aliases and merges carried out. Throws where Compose could read something else. */
export function parseDocuments(text: string): Record<string, unknown>[] {
  const documents = parseAllDocuments(text, { merge: true, prettyErrors: false, logLevel: 'silent' })
  if (!Array.isArray(documents)) return []
  return (documents as Document.Parsed[]).flatMap((document) => {
    const [fault] = document.errors
    if (fault) throw new Error(fault.message)
    visit(document, (_, node) => {
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

export function printYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}
