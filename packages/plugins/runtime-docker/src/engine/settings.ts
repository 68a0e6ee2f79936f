import type { ContainerDetails } from '../schema.js'

export function nameOf({ Name }: ContainerDetails): string {
  return Name.replace(/^\//, '')
}

/** What of a container can be changed while it lives, by names for people. Never its variables: they may be secret. */
export function settingsOf({ HostConfig, NetworkSettings }: ContainerDetails): Record<string, string> {
  const { RestartPolicy } = HostConfig
  const { Name = '', MaximumRetryCount = 0 } = RestartPolicy ?? {}
  return {
    'memory limit': bytes(HostConfig.Memory),
    'memory reservation': bytes(HostConfig.MemoryReservation),
    'memory and swap': HostConfig.MemorySwap === -1 ? 'unlimited' : bytes(HostConfig.MemorySwap),
    CPUs: some((HostConfig.NanoCpus ?? 0) / 1e9),
    'CPU shares': some(HostConfig.CpuShares),
    'CPU quota': some(HostConfig.CpuQuota),
    'CPU period': some(HostConfig.CpuPeriod),
    'set of CPUs': HostConfig.CpusetCpus || 'none',
    'set of memory nodes': HostConfig.CpusetMems || 'none',
    'limit of processes': some(Math.max(HostConfig.PidsLimit ?? 0, 0)),
    'weight of block I/O': some(HostConfig.BlkioWeight),
    'restart policy': `${Name || 'no'}${MaximumRetryCount > 0 ? `:${MaximumRetryCount}` : ''}`,
    'set of networks': Object.keys(NetworkSettings.Networks ?? {})
      .sort()
      .join(', '),
  }
}

function some(value: number | null | undefined): string {
  return value ? String(value) : 'none'
}

function bytes(value: number | null | undefined): string {
  if (!value) return 'none'
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const)
    if (value % size === 0) return `${value / size} ${unit}`
  return `${value} bytes`
}
