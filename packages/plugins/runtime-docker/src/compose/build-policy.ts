import { resolve } from 'node:path'
import { isWithin, realPath } from '../policy.js'
import type { Bounds, ComposeRule } from './rules.js'

const harmless = new Set(
  `args dockerfile_inline extra_hosts isolation labels no_cache platforms provenance pull sbom secrets shm_size tags
  target ulimits`.split(/\s+/),
)

type Fault = [ComposeRule, string] | undefined

/** Judges how an image is built: from what lies in the commit's tree, and with no more power than a build has by itself. */
export function judgeBuild(build: { context?: string } & Record<string, unknown>, { root }: Bounds): Fault {
  const { context = '.' } = build
  const inTree = (path: string) => isWithin(realPath(path), realPath(root))
  for (const [key, value] of Object.entries(build)) {
    if (harmless.has(key) || key.startsWith('x-') || value === null || value === false || value === '')
      continue
    const fault = judge(key, value, context, inTree)
    if (fault) return fault
  }
  return undefined
}

function judge(key: string, value: unknown, context: string, inTree: (path: string) => boolean): Fault {
  switch (key) {
    case 'context':
      return source(context, inTree) ?? file(resolve(context, '.dockerignore'), inTree)
    case 'dockerfile': {
      const path = resolve(context, String(value))
      return file(path, inTree) ?? file(`${path}.dockerignore`, inTree)
    }
    case 'additional_contexts':
      return first(Object.values(value as object), (each) => source(String(each), inTree))
    case 'cache_from':
    case 'cache_to':
      return first(value as unknown[], (each) =>
        /(^|,)(src|dest)=|type=local/.test(String(each))
          ? ['outside-file', `cache ${String(each)}`]
          : undefined,
      )
    case 'network':
      if (value === 'host' || /^container:/.test(String(value)))
        return ['host-namespace', `network ${String(value)}`]
      return value === 'default' || value === 'none' ? undefined : ['foreign-network', String(value)]
    case 'entitlements':
      return first(value as unknown[], (each) => ['privileged', `the entitlement ${String(each)}`])
    case 'privileged':
      return ['privileged', 'it is built with every capability']
    case 'ssh':
      return first(value as unknown[], () => ['outside-file', 'keys of this host (ssh)'])
    default:
      return ['unknown-option', `${key}, which this Longshore does not know`]
  }
}

function first(values: unknown, look: (value: unknown) => Fault): Fault {
  for (const value of Object.values((values ?? {}) as object)) {
    const fault = look(value)
    if (fault) return fault
  }
  return undefined
}

/** A context: a folder of the tree, another service, an image; everything else is fetched from somewhere. */
function source(from: string, inTree: (path: string) => boolean): Fault {
  if (/^(service:|docker-image:\/\/)/.test(from)) return undefined
  if (/^oci-layout:\/\//.test(from)) return file(from.slice('oci-layout://'.length), inTree)
  if (/^[a-z][a-z0-9+.-]*:|^git@|\.git(#|$)|^github\.com\//i.test(from))
    return ['remote-include', `the context ${from}`]
  return file(from, inTree)
}

function file(path: string, inTree: (path: string) => boolean): Fault {
  return inTree(path) ? undefined : ['outside-file', `${path}: it leads out of the commit's tree`]
}
