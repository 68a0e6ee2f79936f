import { isIP } from 'node:net'
import { z } from 'zod'

const address = /^(?:\[(?<six>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9.-]+)):(?<port>\d{1,5})$/

/** `127.0.0.1:7420`, `[::1]:7420` or `localhost:7420`; port 0 takes any free one. */
const Listen = z.string().transform((text, context) => {
  const { six, host, port } = address.exec(text)?.groups ?? {}
  const name = six ?? host
  if (name !== undefined && Number(port) <= 65_535 && (six === undefined || isIP(six) === 6)) {
    return { host: name, port: Number(port) }
  }
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)} is no address and port, such as 127.0.0.1:7420 or [::1]:7420`,
    input: text,
  })
  return z.NEVER
})

const Url = z
  .url({ protocol: /^https?$/, error: 'an http or https address, such as http://127.0.0.1:7420' })
  .transform((text) => new URL(text))
  .refine(
    ({ pathname, search, hash, username }) => pathname === '/' && `${search}${hash}${username}` === '',
    {
      error: 'an origin only: scheme, host and port, without a path, a query or a user',
    },
  )

const Proxy = z.string().refine(
  (text) => {
    const [ip = '', bits, rest] = text.split('/')
    const version = isIP(ip)
    if (version === 0 || rest !== undefined) return false
    return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  },
  { error: 'an IP address or a network, such as 127.0.0.1 or 10.0.0.0/8' },
)

/** The `web` section of the config. */
export const WebConfig = z
  .strictObject({
    listen: Listen.prefault('127.0.0.1:7420'),
    /** The address that people type, where it is not the one listened on; its origin is admitted too. */
    url: Url.optional(),
    /** Certificate (with its chain) and key, in PEM; taken up anew when they change. */
    tls: z.strictObject({ cert: z.string().min(1), key: z.string().min(1) }).optional(),
    /** Proxies whose X-Forwarded-For and X-Forwarded-Proto say who really asks, and how. */
    trustProxy: z.array(Proxy).max(100).default([]),
  })
  .prefault({})
export type WebConfig = z.infer<typeof WebConfig>
