import { InputError } from './errors.js'
import type { Plugin } from './plugin.js'
import type { Need, Token } from './token.js'

/** The plugins so that whoever provides comes before whoever needs; otherwise as given. */
export function orderPlugins(plugins: readonly Plugin[], given: ReadonlySet<string>): Plugin[] {
  refuseTwins(plugins)
  const providers = new Map<string, Plugin[]>()
  for (const plugin of plugins) {
    for (const token of plugin.provides ?? []) {
      const others = providers.get(token.name) ?? []
      if (token.arity === 'one' && (others.length > 0 || given.has(token.name)))
        throw twice(token, plugin, others[0])
      providers.set(token.name, [...others, plugin])
    }
  }
  const ordered: Plugin[] = []
  const visit = (plugin: Plugin, path: Plugin[]) => {
    if (ordered.includes(plugin)) return
    if (path.includes(plugin)) throw cycle([...path.slice(path.indexOf(plugin)), plugin])
    for (const need of Object.values((plugin.needs ?? {}) as Record<string, Need>)) {
      const token: Token = 'optional' in need ? need.optional : need
      const from = providers.get(token.name) ?? []
      const open = token.arity === 'many' || 'optional' in need || given.has(token.name)
      if (from.length === 0 && !open) throw gap(plugin, token)
      // A plugin may provide to a many-token and also read it: it does not wait for itself.
      for (const provider of from) if (provider !== plugin) visit(provider, [...path, plugin])
    }
    ordered.push(plugin)
  }
  for (const plugin of plugins) visit(plugin, [])
  return ordered
}

function refuseTwins(plugins: readonly Plugin[]): void {
  const names = new Set<string>()
  for (const { name } of plugins) {
    if (names.has(name)) {
      throw new InputError('PLUGIN_TWICE', `the plugin ${name} is there twice`, {
        hint: 'Name it once in the config; the built-in plugins need not be named.',
      })
    }
    names.add(name)
  }
}

function twice(token: Token, plugin: Plugin, other: Plugin | undefined): InputError {
  return new InputError(
    'PLUGIN_PROVIDES_TWICE',
    `${token.name} is provided by ${other?.name ?? 'the kernel'} and by ${plugin.name}`,
    { hint: 'Remove one of the two: exactly one plugin provides it.' },
  )
}

function gap(plugin: Plugin, token: Token): InputError {
  return new InputError(
    'PLUGIN_NEED_UNMET',
    `the plugin ${plugin.name} needs ${token.name}, which nobody provides`,
    {
      hint: `Add a plugin that provides ${token.name}, or remove ${plugin.name}.`,
    },
  )
}

function cycle(path: Plugin[]): InputError {
  return new InputError(
    'PLUGIN_CYCLE',
    `plugins need one another: ${path.map((each) => each.name).join(' → ')}`,
    {
      hint: 'Break the circle: let one of them meet the other in a hook or an event instead.',
    },
  )
}
