/**
 * A place in a JSON value: keys with dots between them, and `[n]` for an item of a list: `status`, `db.state`,
 * `items[0].name`, `[0]`. A key is written as it is, without dots and brackets. Undefined for anything else.
 */
export function parsePath(path: string): (string | number)[] | undefined {
  if (!/^(?:[^.[\]]+|\[\d{1,9}\])(?:\.[^.[\]]+|\[\d{1,9}\])*$/.test(path)) return undefined
  const steps = path.match(/[^.[\]]+|\[\d+\]/g)!
  return steps.map((step) => (step.startsWith('[') ? Number(step.slice(1, -1)) : step))
}

/** The value at a place; undefined where there is none. */
export function valueAt(value: unknown, path: string): unknown {
  let here = value
  for (const step of parsePath(path) ?? []) {
    if (typeof here !== 'object' || here === null) return undefined
    if (Array.isArray(here) !== (typeof step === 'number') || !Object.hasOwn(here, step)) return undefined
    here = (here as Record<PropertyKey, unknown>)[step]
  }
  return here
}
