/** One published port. */
export interface Port {
  address: string
  /** Of the host; 0: any free one. */
  host: number
  container: number
  protocol: 'tcp' | 'udp'
}

/** One volume: a named one, or a folder of the host. */
export interface Volume {
  source: string
  target: string
  readOnly: boolean
  kind: 'volume' | 'bind'
}

/** Reads `ADDRESS:HOST:CONTAINER[/udp]`. The address has to be said: nothing is open to the network by an omission. */
export function parsePort(text: string): Port {
  const match = /^(\[[0-9a-fA-F:.]+\]|[0-9.]+):(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text)
  if (!match) {
    const short = /^(\d{1,5}:)?\d{1,5}(\/\w+)?$/.test(text)
    throw new Error(
      short
        ? `say on which address: 127.0.0.1:${text} for this machine only, 0.0.0.0:${text} for everybody`
        : `${JSON.stringify(text)} is no port: write 127.0.0.1:8080:80`,
    )
  }
  const [host, container] = [Number(match[2]), Number(match[3])]
  if (host > 65_535 || container > 65_535 || container === 0)
    throw new Error(`${text}: a port is at most 65535`)
  const protocol = match[4] === 'udp' ? 'udp' : 'tcp'
  return { address: match[1]!.replace(/^\[|\]$/g, ''), host, container, protocol }
}

/** Reads `SOURCE:TARGET[:ro|:rw]`. */
export function parseVolume(text: string): Volume {
  const [source = '', target = '', mode, ...rest] = text.split(':')
  const known = mode === undefined || mode === 'ro' || mode === 'rw'
  if (!source || !target.startsWith('/') || !known || rest.length > 0 || text.includes('\0'))
    throw new Error(
      `${JSON.stringify(text)} is no volume: write name:/path or /host/path:/path, and :ro to only read`,
    )
  const kind = source.startsWith('/') ? 'bind' : 'volume'
  if (kind === 'volume' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(source))
    throw new Error(`${JSON.stringify(source)} is no volume's name: a folder of the host begins with /`)
  return { source, target, readOnly: mode === 'ro', kind }
}
