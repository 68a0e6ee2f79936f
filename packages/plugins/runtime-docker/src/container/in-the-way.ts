import type { ContainerRun } from '../config.js'
import { realPath } from '../policy.js'
import type { ContainerDetails } from '../schema.js'

/** Why a running container cannot stay beside the one that shall replace it; undefined when it can. */
export function whyInTheWay(run: ContainerRun, old: ContainerDetails): string | undefined {
  if (run.networks.includes('host')) return 'both are in the network of the host'
  const taken = portsOf(old)
  const port = run.ports.find((wanted) => taken.some((each) => collide(wanted, each)))
  if (port) return `both publish port ${port.host}/${port.protocol} of the host`
  // Two that write to the same files at once, such as a database's, may ruin them.
  const written = new Set(
    old.Mounts.filter(({ RW }) => RW).map(({ Type, Name, Source }) => (Type === 'volume' ? Name : Source)),
  )
  const volume = run.volumes.find(
    ({ source, kind, readOnly }) => !readOnly && written.has(kind === 'bind' ? realPath(source) : source),
  )
  return volume && `both write to the volume ${volume.source}`
}

interface HostPort {
  address: string
  host: number
  protocol: string
}

function portsOf({ HostConfig }: ContainerDetails): HostPort[] {
  return Object.entries(HostConfig.PortBindings ?? {}).flatMap(([key, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => {
      return { address: HostIp, host: Number(HostPort), protocol: key.split('/')[1]! }
    }),
  )
}

const everywhere = new Set(['', '0.0.0.0', '::'])

/** Port 0 is any free one. */
function collide(a: HostPort, b: HostPort): boolean {
  if (a.host === 0 || a.host !== b.host || a.protocol !== b.protocol) return false
  return a.address === b.address || everywhere.has(a.address) || everywhere.has(b.address)
}
