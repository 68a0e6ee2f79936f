import { InputError, type Route } from '@longshore/core'

export const prefix = '/api/v1'
const legal = /^(?:\/(?:[A-Za-z0-9._~-]+|:[A-Za-z]+))+$/

/** A route with its whole path. */
export interface PlacedRoute extends Route {
  path: string
}

/**
 * The routes in the order in which they are matched: by path, a fixed word before a parameter, so that it does not
 * depend on which plugin came first. Two that would answer the same request are refused.
 */
export function placeRoutes(routes: readonly Route[]): PlacedRoute[] {
  const taken = new Map<string, Route>()
  const placed = routes.map((route) => {
    const { method, path, root, params } = route.shape
    if (!legal.test(path) || (path.includes(':') && !params)) {
      throw new InputError('WEB_ROUTE_INVALID', `the plugin ${route.plugin} declares the path ${path}`, {
        hint: 'A path is words and :parameters, each after a slash; parameters need a schema in params.',
      })
    }
    const whole = root ? path : `${prefix}${path}`
    const key = `${method} ${whole.replace(/:[A-Za-z]+/g, ':')}`
    const other = taken.get(key)
    if (other) {
      throw new InputError(
        'WEB_ROUTE_TWICE',
        `${method} ${whole} is declared by ${other.plugin} and by ${route.plugin}`,
        {
          hint: 'Give one of the two another path, or remove one of the plugins.',
        },
      )
    }
    taken.set(key, route)
    return { ...route, path: whole }
  })
  return placed.sort((a, b) => compare(sortKey(a), sortKey(b)))
}

/** `~` sorts after every letter and digit: parameters come last at their place. */
function sortKey({ path, shape }: PlacedRoute): string[] {
  return [...path.split('/').map((part) => (part.startsWith(':') ? '~' : part)), ` ${shape.method}`]
}

function compare(a: string[], b: string[]): number {
  const at = a.findIndex((part, index) => part !== b[index])
  if (at < 0) return 0
  return a[at]! < (b[at] ?? '') ? -1 : 1
}

/** The methods that some route takes at a path, as the Allow header lists them. */
export function methodsAt(path: string, routes: readonly PlacedRoute[]): string[] {
  const words = path.split('/')
  const methods = routes
    .filter((route) => fits(route.path.split('/'), words))
    .map(({ shape }) => shape.method)
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))]
}

function fits(pattern: string[], words: string[]): boolean {
  return (
    pattern.length === words.length &&
    pattern.every((part, index) => (part.startsWith(':') ? words[index] !== '' : part === words[index]))
  )
}
