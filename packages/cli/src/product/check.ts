import {
  ConfigError,
  createLogger,
  createLongshore,
  LongshoreError,
  parseConfig,
  Secrets,
  type ConfigDocument,
  type ConfigFault,
  type Plugin,
} from '@longshore/core'
import { configSchema } from '@longshore/core/protocol'
import { addressOf, lackingIn, WebConfig } from '@longshore/web'
import { isRecord } from '../config/document.js'
import { loadGuests } from './guests.js'
import { builtInPlugins } from './plugins.js'
import { version } from './version.js'

/** Every fault of a config that can be found without running it, secrets that are not there among them. */
export async function checkConfig(given: ConfigDocument, data: string): Promise<ConfigFault[]> {
  const { plugins: guests, document, faults: missing } = await loadGuests(given)
  const plugins = [...(await builtInPlugins()), ...guests]
  const faults = missing.map(({ path, error }) => faultAt(document, path, error))
  const parsed = attempt(() => parseConfig(document, configSchema(plugins)))
  faults.push(...faultsOf(parsed, document, []), ...(await openAddress(document)))
  // With a config that is good in any case, so that how the plugins fit is told beside the faults of this one.
  const blank: ConfigDocument = { file: document.file, value: { version: 1 } }
  const kernel = attempt(() => wire(plugins, parsed instanceof Error ? blank : document, data))
  if (!(kernel instanceof Error))
    faults.push(...(await missingSecrets(document, kernel.get(Secrets), faults)))
  else if (!(kernel instanceof ConfigError)) faults.push(...faultsOf(kernel, document, ['plugins']))
  return faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

function wire(plugins: Plugin[], config: ConfigDocument, data: string) {
  return createLongshore({ plugins, config, data, version, logger: createLogger({ level: 'error' }) })
}

/** An address that others reach is refused at the start where the config lacks what makes it safe. */
async function openAddress(document: ConfigDocument): Promise<ConfigFault[]> {
  const web = WebConfig.safeParse(isRecord(document.value) ? document.value['web'] : undefined)
  // A section that makes no sense is told by its schema.
  if (!web.success) return []
  const lacking = () => lackingIn(web.data)
  const found = await addressOf(web.data.listen.host, lacking).catch((error: Error) => error)
  return faultsOf(found, document, ['web', 'listen'])
}

async function missingSecrets(
  document: ConfigDocument,
  secrets: Secrets,
  known: ConfigFault[],
): Promise<ConfigFault[]> {
  const faults: ConfigFault[] = []
  for (const { path, reference } of references(document.value, [])) {
    if (known.some((fault) => fault.path === path.join('.'))) continue
    try {
      await secrets.open({ secret: reference })
    } catch (error) {
      faults.push(faultAt(document, path, error as Error))
    }
  }
  return faults
}

/** Everything of the shape `{ secret: 'store:path' }`, wherever it stands. */
function* references(value: unknown, path: string[]): Generator<{ path: string[]; reference: string }> {
  if (typeof value !== 'object' || value === null) return
  const { secret, ...others } = value as Record<string, unknown>
  if (typeof secret === 'string' && Object.keys(others).length === 0)
    yield { path: [...path, 'secret'], reference: secret }
  else for (const [key, inner] of Object.entries(value)) yield* references(inner, [...path, key])
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    return error as Error
  }
}

function faultsOf(result: unknown, document: ConfigDocument, path: PropertyKey[]): ConfigFault[] {
  if (!(result instanceof Error)) return []
  return result instanceof ConfigError ? result.faults : [faultAt(document, path, result)]
}

function faultAt(document: ConfigDocument, path: readonly PropertyKey[], error: Error): ConfigFault {
  const code = error instanceof LongshoreError ? ` (${error.code})` : ''
  const place = document.place?.(path) ?? document.place?.(path.slice(0, 1)) ?? {}
  return {
    file: document.file,
    ...place,
    path: path.map(String).join('.'),
    message: `${error.message}${code}`,
  }
}
