import { secretPlace } from './errors.js'
import type { Model } from './model.js'
import type { Refuse } from './rules.js'
import type { Variables } from './secrets.js'

/** Where a secret is for the container's processes alone. */
const fit = /^services\.[^.]+\.environment\.|^(configs|secrets)\.[^.]+\.content$/
/** Where more people see it than need to: in the list of processes, on the engine, in the layers of an image. */
const exposed =
  /^services\.[^.]+\.(command|entrypoint|healthcheck|labels|post_start|pre_stop|build\.args)(\.|$)/

/** Refuses secrets that would be seen, and those that would decide what is done. Errors: COMPOSE_SECRET, `refuse`'s. */
export function checkExposure(model: Model, variables: Variables, refuse: Refuse): void {
  walk(model, '', (place, text) => {
    const name = variables.secretIn(text)
    if (name === undefined || fit.test(place)) return
    if (!exposed.test(place)) throw secretPlace(name, place)
    refuse('secret-exposure', `the secret variable ${name} in ${place}`)
  })
}

function walk(value: unknown, place: string, look: (place: string, text: string) => void): void {
  if (typeof value === 'string') return look(place, value)
  if (typeof value !== 'object' || value === null) return
  for (const [key, each] of Object.entries(value)) {
    look(place, key)
    // A dot in a key would pass for a level: keys are the committer's.
    walk(each, place ? `${place}.${key.replaceAll('.', '_')}` : key, look)
  }
}
