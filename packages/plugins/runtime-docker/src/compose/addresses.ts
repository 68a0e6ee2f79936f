import { BlockList, isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Model } from './model.js'

/** What nobody has in the Internet. */
const unshared = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fd00::/8']
/** The engine's own, which it keeps apart by itself. */
const ofEngine = /^(br-[0-9a-f]{12}|docker.*|veth.*)$/

/**
 * What is wrong with the addresses of a network. They become a route of the host: a network with the addresses of others
 * would be given what the host, Longshore among it, sends to them.
 */
export function addressFault(ipam: NonNullable<Model['networks'][string]>['ipam']): string | undefined {
  const { driver = 'default', options, config } = ipam ?? {}
  if (driver !== 'default' || Object.keys(options ?? {}).length > 0) return `addresses from ${driver}`
  for (const { subnet } of config ?? []) {
    if (typeof subnet !== 'string') continue
    const [net = '', bits = ''] = subnet.split('/')
    const fit = isIP(net) && /^\d{1,3}$/.test(bits) && Number(bits) >= (isIPv6(net) ? 48 : 16)
    if (!fit || !unshared.some((block) => holds(block, net)))
      return `the addresses ${subnet} are not private ones, or more than /16`
    const other = hostNetworks().find((each) => holds(each, net) || holds(subnet, each.split('/')[0]!))
    if (other) return `the addresses ${subnet} are of a network that the host is in, ${other}`
  }
  return undefined
}

function hostNetworks(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    ofEngine.test(name) ? [] : addresses.flatMap(({ cidr }) => cidr ?? []),
  )
}

function holds(block: string, address: string): boolean {
  const [net = '', bits = ''] = block.split('/')
  const family = isIPv6(net) ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(net, Number(bits), family)
  return family === (isIPv6(address) ? 'ipv6' : 'ipv4') && list.check(address, family)
}
