import { Duration, SecretRef } from '@longshore/core/protocol'
import { z } from 'zod'
import { checkExpression } from './probes/expression.js'
import { parsePath } from './probes/json-path.js'

const Expression = z
  .string()
  .min(1)
  .max(1000)
  .superRefine((text, context) => {
    const fault = checkExpression(text)
    if (fault) context.addIssue({ code: 'custom', message: fault, input: text })
  })
const text = z.string().min(1).max(1000)

const Url = z
  .string()
  .max(2000)
  .superRefine((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const say = (message: string) => context.addIssue({ code: 'custom', message, input: text })
    if (!url || !/^https?:$/.test(url.protocol)) say('an address begins with http:// or https://')
    else if (url.username || url.password)
      say('an address holds no password: give the header Authorization as a secret')
  })

const code = z.int().min(100).max(599)
/** `200-399`: both ends belong to it. */
const CodeRange = z.string().regex(/^[1-5]\d\d-[1-5]\d\d$/, {
  error: 'a range of status codes is written 200-399',
})
export const Status = z.union([
  code,
  CodeRange,
  z
    .array(z.union([code, CodeRange]))
    .min(1)
    .max(50),
])
export type Status = z.infer<typeof Status>

const Path = z
  .string()
  .min(1)
  .max(500)
  .refine((path) => parsePath(path) !== undefined, {
    error: 'a path is made of keys and places: status, db.state, items[0].name',
  })

const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, { error: 'this is no name of a header' })
const headerValue = z
  .string()
  .max(8000)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'this cannot be sent in a header' })

export const HttpCheck = z.strictObject({
  url: Url,
  method: z
    .string()
    .regex(/^[A-Z]{1,20}$/, { error: 'a method is written in capitals' })
    .refine((method) => method !== 'CONNECT', { error: 'CONNECT is no look' })
    .default('GET'),
  headers: z.record(headerName, z.union([headerValue, SecretRef])).default({}),
  body: z.string().max(65_536).optional(),
  expect: z
    .strictObject({
      status: Status.default(200),
      /** Text that the answer contains. */
      body: text.optional(),
      /** An expression in RE2's syntax that matches in the answer. */
      match: Expression.optional(),
      json: z
        .strictObject({
          path: Path,
          equals: z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]),
        })
        .optional(),
    })
    .prefault({}),
  /** Redirects that are followed, at most; each target is judged anew. */
  redirects: z.int().min(0).max(10).default(0),
  /** Warns when the certificate ends sooner than in so long. */
  tlsExpiry: Duration.optional(),
  /** Whoever answers is believed, whatever their certificate says. */
  insecure: z.boolean().default(false),
})
export type HttpCheck = z.infer<typeof HttpCheck>

export const TcpCheck = z.strictObject({
  host: z
    .string()
    .max(253)
    .regex(/^[\w.:%-]+$/, { error: 'a host is a name or an address' }),
  port: z.int().min(1).max(65_535),
  /** Text that is sent once the connection stands. */
  send: text.optional(),
  /** Text that what is answered contains. */
  expect: text.optional(),
})
export type TcpCheck = z.infer<typeof TcpCheck>

export const ContainerCheck = z.strictObject({
  /** So long it has to run without a restart. */
  for: Duration.optional(),
})
export type ContainerCheck = z.infer<typeof ContainerCheck>

export const LogCheck = z
  .strictObject({
    /** An expression in RE2's syntax that has to match a line since the apply. */
    expect: Expression.optional(),
    /** One that must not. */
    refuse: Expression.optional(),
    /** Only lines of the last so long count for `refuse`; absent: all since the apply. */
    within: Duration.optional(),
  })
  .refine(({ expect, refuse }) => expect !== undefined || refuse !== undefined, {
    error: 'say what the log has to print (expect), or must not (refuse)',
  })
export type LogCheck = z.infer<typeof LogCheck>

const word = z
  .string()
  .max(10_000)
  .refine((text) => !text.includes('\0'), { error: 'a word has no NUL in it' })

export const CommandCheck = z.strictObject({
  /** Words, which no shell reads. */
  argv: z.tuple([word.min(1)], word),
  /** In the service's folder on the host, or in an instance that runs. */
  in: z.enum(['checkout', 'instance']).default('checkout'),
  /** Of a compose project: the service whose instance it is. */
  service: z.string().min(1).max(100).optional(),
  expect: z.strictObject({ exitCode: z.int().min(0).max(255).default(0) }).prefault({}),
})
export type CommandCheck = z.infer<typeof CommandCheck>

/** The kinds of checks that this plugin knows, each with the schema of its section. */
export const kinds = {
  http: HttpCheck,
  tcp: TcpCheck,
  container: ContainerCheck,
  log: LogCheck,
  command: CommandCheck,
}
