import { z } from 'zod'

/** A path, a URL or a word: what a build may take from. */
const Build = z.looseObject({
  context: z.string().optional(),
  dockerfile: z.string().optional(),
  args: z.record(z.string(), z.unknown()).nullish(),
})

const Mount = z.looseObject({
  type: z.string(),
  source: z.string().optional(),
  target: z.string().optional(),
  read_only: z.boolean().optional(),
  bind: z.looseObject({ propagation: z.string().optional() }).nullish(),
})
export type Mount = z.infer<typeof Mount>

const File = z.looseObject({ file: z.string().optional(), environment: z.string().optional() })
const Reference = z.looseObject({ source: z.string().optional() })
const labels = z.record(z.string(), z.string().nullable()).nullish()

export const ComposeService = z.looseObject({
  image: z.string().optional(),
  build: Build.nullish(),
  labels,
  volumes: z.array(Mount).nullish(),
  secrets: z.array(Reference).nullish(),
  configs: z.array(Reference).nullish(),
  ports: z
    .array(z.looseObject({ host_ip: z.string().optional(), published: z.string().optional() }))
    .nullish(),
  pull_policy: z.string().optional(),
  scale: z.unknown().optional(),
  depends_on: z.unknown().optional(),
})
export type ComposeService = z.infer<typeof ComposeService>

const Resource = z.looseObject({
  name: z.string().optional(),
  external: z.boolean().optional(),
  driver: z.string().optional(),
  driver_opts: z.record(z.string(), z.unknown()).nullish(),
  /** Of a network: where its addresses are from. */
  ipam: z
    .looseObject({
      driver: z.string().optional(),
      options: z.unknown().optional(),
      config: z.array(z.record(z.string(), z.unknown())).nullish(),
    })
    .nullish(),
  labels,
})

/** A resolved project, as `docker compose config` prints it, of which only what is read is named. */
export const Model = z.looseObject({
  name: z.string(),
  services: z.record(z.string(), ComposeService).default({}),
  networks: z.record(z.string(), Resource.nullable()).default({}),
  volumes: z.record(z.string(), Resource.nullable()).default({}),
  secrets: z.record(z.string(), File.nullable()).default({}),
  configs: z.record(z.string(), File.nullable()).default({}),
})
export type Model = z.infer<typeof Model>
