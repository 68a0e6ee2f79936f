import type { z } from 'zod'
import { InputError } from '../kernel/errors.js'
import type { Plugin } from '../kernel/plugin.js'
import { coreProtocol, type Right } from '../protocol/index.js'

/** The event kinds of all, and the rights that reading them takes. Errors: EVENT_KIND_TWICE, EVENT_RIGHT_STRAY. */
export function declaredKinds(plugins: readonly Plugin[]) {
  const kinds = new Map<string, z.ZodType>(Object.entries(coreProtocol.events))
  const rights = new Map<string, Right>()
  for (const { name, protocol: { events = {}, rights: asked = {} } = {} } of plugins) {
    for (const [kind, schema] of Object.entries(events)) {
      if (kinds.has(kind)) throw twice(name, kind)
      kinds.set(kind, schema)
    }
    for (const [kind, right] of Object.entries(asked)) {
      // One that is misspelt would let everybody read; one for another's kind would take that one's away.
      if (!Object.hasOwn(events, kind)) throw stray(name, kind)
      rights.set(kind, right)
    }
  }
  return { kinds, rights }
}

function twice(name: string, kind: string): InputError {
  return new InputError('EVENT_KIND_TWICE', `the plugin ${name} declares ${kind}, which is taken`, {
    hint: 'Give it a noun of its own.',
  })
}

function stray(name: string, kind: string): InputError {
  const said = `the plugin ${name} names a right for ${kind}, which is no kind of its own`
  return new InputError('EVENT_RIGHT_STRAY', said, { hint: 'Name a kind that stands in its events.' })
}
