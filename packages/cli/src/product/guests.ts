import { existsSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InputError, type ConfigDocument, type LongshoreError, type Plugin } from '@longshore/core'
import { isRecord, withValue } from '../config/document.js'

/** A plugin that could not be loaded, and where in the config it is named. */
export interface GuestFault {
  path: PropertyKey[]
  error: LongshoreError
}

export interface Guests {
  plugins: Plugin[]
  /** The config, with the options that stand beside a plugin's name as its section. */
  document: ConfigDocument
  faults: GuestFault[]
}

/** Loads what the config's `plugins` names: packages, or files relative to the config. Tells every one that fails. */
export async function loadGuests(document: ConfigDocument): Promise<Guests> {
  const named = isRecord(document.value) ? document.value['plugins'] : undefined
  const guests: Guests = { plugins: [], document, faults: [] }
  for (const [index, entry] of (Array.isArray(named) ? (named as unknown[]) : []).entries()) {
    const [name, options] = Array.isArray(entry) ? (entry as unknown[]) : [entry]
    // An entry of another shape is a fault that the schema tells.
    if (typeof name !== 'string') continue
    try {
      const plugin = await loadGuest(name, document.file)
      guests.plugins.push(plugin)
      if (isRecord(options))
        guests.document = withSection(guests.document, plugin.section ?? [plugin.name], options, [
          'plugins',
          index,
          1,
        ])
    } catch (error) {
      guests.faults.push({ path: ['plugins', index], error: error as LongshoreError })
    }
  }
  return guests
}

async function loadGuest(name: string, configFile: string): Promise<Plugin> {
  const file = await locate(name, configFile)
  let door: unknown
  try {
    door = await importFile(file)
  } catch (cause) {
    throw new InputError(
      'PLUGIN_BROKEN',
      `the plugin ${name} cannot be loaded: ${(cause as Error).message}`,
      {
        cause,
        hint: 'Mend it: it throws when it is imported.',
      },
    )
  }
  const plugin =
    isRecord(door) || typeof door === 'object' ? (door as { default?: unknown }).default : undefined
  if (isPlugin(plugin)) return plugin
  throw new InputError('PLUGIN_SHAPE', `${name} is no plugin: its default export has no name and setup`, {
    hint: 'Its file says: export default definePlugin({ name, setup }).',
  })
}

async function locate(name: string, configFile: string): Promise<string> {
  const isPath = name.startsWith('.') || isAbsolute(name)
  const file = isPath ? resolve(dirname(configFile), name) : await locatePackage(name, configFile)
  if (file !== undefined && existsSync(file)) return file
  throw new InputError('PLUGIN_MISSING', `there is no plugin ${name}`, {
    hint: isPath ? `It would be the file ${file}.` : `Install it where the config lies: npm install ${name}`,
  })
}

async function locatePackage(name: string, configFile: string): Promise<string | undefined> {
  const { createJiti } = await import('jiti')
  try {
    return fileURLToPath(createJiti(configFile).esmResolve(name))
  } catch {
    return undefined
  }
}

async function importFile(file: string): Promise<unknown> {
  const [{ createJiti }, core, protocol, zod] = await Promise.all([
    import('jiti'),
    import('@longshore/core'),
    import('@longshore/core/protocol'),
    import('zod'),
  ])
  // What a plugin beside a config means by these is Longshore's own: it need not, and must not, bring a second one.
  const virtualModules = { '@longshore/core': core, '@longshore/core/protocol': protocol, zod }
  return createJiti(file, { virtualModules }).import(file)
}

function isPlugin(value: unknown): value is Plugin {
  return isRecord(value) && typeof value['name'] === 'string' && typeof value['setup'] === 'function'
}

/** The options become the plugin's section, and their faults are told where they stand. */
function withSection(
  document: ConfigDocument,
  section: readonly string[],
  options: Record<string, unknown>,
  path: PropertyKey[],
): ConfigDocument {
  const isWithin = (at: readonly PropertyKey[]) => section.every((key, index) => at[index] === key)
  return {
    ...document,
    value: withValue(document.value, section, options),
    place: (at) => document.place?.(isWithin(at) ? [...path, ...at.slice(section.length)] : at),
  }
}
