import { posix } from 'node:path'
import { unsafeTree } from '../errors.js'

/** As many as a kernel follows. */
const hops = 40

/**
 * Refuses links that lead out of the tree, by themselves or through other links. `links`: their targets by path. What a
 * target holds is never told: it may be chosen to make an error repeat something.
 */
export function checkLinks(links: ReadonlyMap<string, string>): void {
  for (const path of links.keys()) {
    const fault = follow(path, links)
    if (fault) throw unsafeTree(path, fault)
  }
}

function follow(path: string, links: ReadonlyMap<string, string>): string | undefined {
  let left = path.split('/')
  let at: string[] = []
  for (let hop = 0; left.length > 0;) {
    const [part, ...rest] = left
    left = rest
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (at.length === 0) return 'the link leads out of the commit'
      at.pop()
      continue
    }
    at.push(part!)
    const target = links.get(at.join('/'))
    if (target === undefined) continue
    if (++hop > hops) return 'the link leads in a circle'
    if (posix.isAbsolute(target) || target === '') return 'the link leads out of the commit'
    at = at.slice(0, -1)
    left = [...target.split('/'), ...left]
  }
  return undefined
}
