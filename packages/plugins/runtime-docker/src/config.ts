import { Duration, SecretRef, Size } from '@longshore/core/protocol'
import { z } from 'zod'
import { parsePort, parseVolume } from './container/mounts.js'

const word = z.string().refine((text) => !text.includes('\0'), { error: 'a word has no NUL in it' })
const words = z.array(word).max(1000)
const network = z.string().regex(/^(container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, {
  error: 'the name of a network has letters, digits, _ . and -',
})
/** A path in the commit, as it is written there. */
const path = z
  .string()
  .regex(/^[^\0/][^\0]{0,1000}$/, { error: 'a path in the commit does not begin with /' })
const capability = z.string().regex(/^[A-Z_]{1,40}$/, { error: 'a capability is written as NET_ADMIN' })

/** Text that a parser reads whole; its complaint is the fault that is told. */
function read<T>(parse: (text: string) => T) {
  return z.string().transform((text, context) => {
    try {
      return parse(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message, input: text })
      return z.NEVER
    }
  })
}

const Variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'a variable is named with letters, digits and _' })
  .refine((text) => !text.startsWith('LONGSHORE_'), {
    error: 'variables named LONGSHORE_… are set by Longshore',
  })

const Healthcheck = z.strictObject({
  /** The words of a command that no shell reads; it runs in the container, and exit code 0 is healthy. */
  test: words.min(1),
  interval: Duration.prefault('10s'),
  timeout: Duration.prefault('5s'),
  /** Failures in a row after which it is unhealthy. */
  retries: z.int().min(1).max(100).default(3),
  /** Failures that do not count, after the start. */
  startPeriod: Duration.prefault('0s'),
})

/** What the policy refuses; see `policy.ts`. */
export const PolicyRule = z.enum([
  'capabilities',
  'docker-socket',
  'host-namespace',
  'host-path',
  'system-path',
])
export type PolicyRule = z.infer<typeof PolicyRule>

/** What a container may be given, whoever made its image. An option that is not listed is a fault, never dropped. */
export const containerOptions = {
  command: words.optional(),
  entrypoint: words.optional(),
  env: z.record(Variable, z.union([word, SecretRef])).default({}),
  /** `127.0.0.1:8080:80`, `[::1]:8080:80/udp`: an address, the host's port, the container's. */
  ports: z.array(read(parsePort)).max(200).default([]),
  /** `name:/path` for a named volume, `/host/path:/path` for a folder that `docker.hostPaths` allows; `:ro` at the end. */
  volumes: z.array(read(parseVolume)).max(200).default([]),
  /** By name; one that is not there is made. Absent: the engine's default bridge. */
  networks: z.array(network).max(20).default([]),
  user: word.min(1).optional(),
  restart: z.enum(['no', 'always', 'unless-stopped', 'on-failure']).default('unless-stopped'),
  limits: z
    .strictObject({
      memory: Size.optional(),
      cpus: z.number().positive().max(1024).optional(),
      pids: z.int().positive().optional(),
    })
    .default({}),
  labels: z
    .record(z.string().min(1).max(200), z.string().max(4000))
    .refine((labels) => !Object.keys(labels).some((key) => key.startsWith('longshore.')), {
      error: 'labels named longshore.… are set by Longshore',
    })
    .default({}),
  healthcheck: Healthcheck.optional(),
  readOnly: z.boolean().default(false),
  capAdd: z.array(capability).max(50).default([]),
  capDrop: z.array(capability).max(50).default([]),
  /** What the policy would refuse, by the names of its rules. */
  allow: z.array(PolicyRule).default([]),
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: Duration.refine((value) => value <= 600_000, { error: 'a grace is at most 10m' }).prefault('10s'),
}

export const ContainerRun = z.strictObject(containerOptions)
export type ContainerRun = z.infer<typeof ContainerRun>

/** A registry with or without its port, a name, a tag and a digest, of which only the name has to be. */
const reference =
  /^(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|__?|-+|\/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/

/** The `run` section of `kind: image`. */
export const ImageRun = z.strictObject({
  /** `name:tag` or `name@sha256:…`. */
  image: z.string().max(500).regex(reference, {
    error: 'an image is written as name:tag or name@sha256:…, and its name in small letters',
  }),
  pull: z.enum(['missing', 'always', 'never']).default('missing'),
  /** Who asks the registry. */
  registry: z.strictObject({ username: word.min(1), password: SecretRef }).optional(),
  ...containerOptions,
})
export type ImageRun = z.infer<typeof ImageRun>

const Argument = z
  .string({
    error:
      'a build argument is a string, and never a secret: whoever has the image can read it there (docker history). Give secrets to the container, by env',
  })
  .max(32_768)

/** The `run` section of `kind: dockerfile`. */
export const DockerfileRun = z.strictObject({
  /** The folder that the build sees, from the service's folder. */
  context: path.default('.'),
  /** The Dockerfile, from the context. */
  file: path.default('Dockerfile'),
  /** The stage to build; absent: the last one. */
  target: word.min(1).optional(),
  args: z.record(Variable, Argument).default({}),
  ...containerOptions,
})
export type DockerfileRun = z.infer<typeof DockerfileRun>

/** The section `docker`. */
export const DockerConfig = z
  .strictObject({
    /** `unix:///path` or `tcp://host:port`; absent: DOCKER_HOST, the current context, the rootless socket, /var/run/docker.sock. */
    host: z.string().min(1).optional(),
    /** The path of the Compose binary; absent: where the `docker` command finds its plugins, then PATH. */
    compose: z.string().startsWith('/', { error: 'the binary is named from the root' }).optional(),
    /** Folders of the host, and all below them, that a volume may name. */
    hostPaths: z
      .array(z.string().startsWith('/', { error: 'a folder of the host is named from the root: /srv/data' }))
      .default([]),
    /** Images of each service that a rollback finds here, that which runs among them. */
    images: z.int().min(1).max(100).default(5),
  })
  .prefault({})
export type DockerConfig = z.infer<typeof DockerConfig>
