import { BlockList, isIP } from 'node:net'

/**
 * What no check looks at unless it is allowed: link-local addresses, under which clouds tell a machine its secrets to
 * whoever asks from it, and the other addresses where they do so. In every form that leads there: IPv4 within IPv6 as
 * mapped (RFC 4291), 6to4 (RFC 3056), NAT64 (RFC 6052, 8215) and Teredo (RFC 4380).
 */
const refusedNetworks = [
  '169.254.0.0/16',
  'fe80::/10',
  // Amazon, Google, Alibaba, Azure, Oracle.
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  ...['a9fe:0/112', '6464:64c8/128', 'a83f:8110/128', 'c000:c0/128'].flatMap((rest) => [
    `::${rest}`,
    `::ffff:${rest}`,
    `64:ff9b::${rest}`,
  ]),
  '2002:a9fe::/32',
  '2002:6464:64c8::/48',
  '2002:a83f:8110::/48',
  '2002:c000:c0::/48',
  // They hide the address where no prefix shows it.
  '64:ff9b:1::/48',
  '2001::/32',
]

interface Network {
  address: string
  bits: number
  family: 'ipv4' | 'ipv6'
}

/** A network, or one address as such; undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  const bits = length === undefined ? most : Number(length)
  if (version === 0 || bits > most || address.includes('%')) return undefined
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of networks) {
    const { address, bits, family } = parseNetwork(text)!
    list.addSubnet(address, bits, family)
  }
  return list
}

/** Says of an address (not a name) whether a check may connect to it. */
export type Judge = (address: string) => boolean

/** `allow`: networks that are let through all the same. */
export function addressJudge(allow: readonly string[]): Judge {
  const refused = listOf(refusedNetworks)
  const allowed = listOf(allow)
  return (address) => {
    const [plain = ''] = address.split('%')
    const version = isIP(plain)
    if (version === 0) return false
    const family = version === 4 ? 'ipv4' : 'ipv6'
    return !refused.check(plain, family) || allowed.check(plain, family)
  }
}
