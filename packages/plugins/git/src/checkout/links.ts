import { setImmediate } from 'node:timers/promises'
import { unsafeTree } from '../errors.js'
import { foldName } from './names.js'

/** As many as a kernel follows. */
const mostHops = 40
/** Links that are looked at in one go; then others have their turn. */
const atOnce = 200
const leadsOut = 'the link leads out of the commit'
const circle = 'the link leads in a circle'

/** A link, or a folder above one. */
interface Place {
  above: Place | undefined
  inside: Map<string, Place> | undefined
  /** Of a link. */
  target: string | undefined
  /** Of a link that was followed before: however many lead through it, it is followed once. */
  end: End | undefined
}

/** Where a link leads in the end: so many parts below a place, where there is no other link, after so many hops. */
interface End {
  place: Place
  below: number
  hops: number
}

/**
 * Refuses links that lead out of the tree, by themselves or through other links. `links`: their targets by path. What a
 * target holds is never told: it may be chosen to make an error repeat something. Takes time and memory by the length of
 * all paths and targets together, and no more.
 */
export async function checkLinks(links: ReadonlyMap<string, string>): Promise<void> {
  // On a file system that ignores case they lead elsewhere, and must not lead out there either.
  for (const fold of [(text: string) => text, foldName]) {
    for await (const [path, link] of inTurns(await placesOf(links, fold))) {
      const end = follow(link, 1)
      if (typeof end === 'string') throw unsafeTree(path, end)
    }
  }
}

async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T, void> {
  let count = 0
  for (const item of items) {
    if (++count % atOnce === 0) await setImmediate()
    yield item
  }
}

/** The links by their paths, each in its folder, up to the root. */
async function placesOf(
  links: ReadonlyMap<string, string>,
  fold: (text: string) => string,
): Promise<Map<string, Place>> {
  const place = (above?: Place): Place => ({ above, inside: undefined, target: undefined, end: undefined })
  const root = place()
  const places = new Map<string, Place>()
  for await (const [path, target] of inTurns(links)) {
    let at = root
    for (const part of fold(path).split('/')) {
      at.inside ??= new Map()
      const inside: Place = at.inside.get(part) ?? place(at)
      at.inside.set(part, inside)
      at = inside
    }
    at.target = fold(target)
    places.set(path, at)
  }
  return places
}

/** Where the link leads, or what is wrong with it. `hop`: it is the how many-th on the way. */
function follow(link: Place, hop: number): End | string {
  if (link.end) return link.end
  const target = link.target!
  if (target === '' || target.startsWith('/')) return leadsOut
  let place = link.above!
  let below = 0
  let hops = 1
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (below > 0) below--
      else if (place.above) place = place.above
      else return leadsOut
      continue
    }
    const inside = below > 0 ? undefined : place.inside?.get(part)
    if (!inside) below++
    else if (inside.target === undefined) place = inside
    else {
      const end = hop < mostHops ? follow(inside, hop + 1) : circle
      if (typeof end === 'string') return end
      hops += end.hops
      if (hops > mostHops) return circle
      ;({ place, below } = end)
    }
  }
  return (link.end = { place, below, hops })
}
