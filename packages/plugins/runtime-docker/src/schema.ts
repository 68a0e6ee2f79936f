import { z } from 'zod'

/** What the engine says, of which only the fields that we read are parsed. */
export const Version = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().optional(),
})
export type Version = z.infer<typeof Version>

const labels = z.record(z.string(), z.string()).nullish()

export const ContainerSummary = z.object({
  Id: z.string(),
  Names: z.array(z.string()).default([]),
  Labels: labels,
  /** created, restarting, running, removing, paused, exited or dead. */
  State: z.string(),
})
export type ContainerSummary = z.infer<typeof ContainerSummary>

/** A network or a volume. */
export const Labelled = z.object({ Id: z.string().default(''), Name: z.string(), Labels: labels })
export type Labelled = z.infer<typeof Labelled>

/** Whether it runs, or its engine brings it back by itself. */
export function isUp({ State }: ContainerSummary): boolean {
  return State === 'running' || State === 'restarting' || State === 'paused'
}

/** A limit; none is 0, or absent. */
const amount = z.number().nullish()

export const ContainerDetails = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    Restarting: z.boolean().default(false),
    Paused: z.boolean().default(false),
    OOMKilled: z.boolean().default(false),
    Pid: z.int(),
    ExitCode: z.int(),
    Error: z.string().default(''),
    Health: z
      .object({
        Status: z.string(),
        Log: z.array(z.object({ ExitCode: z.int(), Output: z.string() })).nullish(),
      })
      .nullish(),
  }),
  RestartCount: z.int().default(0),
  /** Commands in it that are under way. */
  ExecIDs: z.array(z.string()).nullish(),
  Config: z.object({ Labels: labels, Tty: z.boolean().default(false), StopTimeout: z.int().nullish() }),
  Mounts: z
    .array(z.object({ Type: z.string(), Name: z.string().optional(), Source: z.string(), RW: z.boolean() }))
    .default([]),
  /** Where the engine's machine has the log, for drivers with one file. */
  LogPath: z.string().default(''),
  HostConfig: z.object({
    LogConfig: z.object({ Type: z.string(), Config: labels }).nullish(),
    NetworkMode: z.string().default(''),
    RestartPolicy: z.object({ Name: z.string(), MaximumRetryCount: z.int().default(0) }).nullish(),
    Memory: amount,
    MemoryReservation: amount,
    MemorySwap: amount,
    NanoCpus: amount,
    CpuShares: amount,
    CpuQuota: amount,
    CpuPeriod: amount,
    PidsLimit: amount,
    BlkioWeight: amount,
    CpusetCpus: z.string().nullish(),
    CpusetMems: z.string().nullish(),
    PortBindings: z
      .record(
        z.string(),
        z.array(z.object({ HostIp: z.string().default(''), HostPort: z.string().default('') })).nullable(),
      )
      .nullish(),
  }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()).nullish() }).default({}),
})
export type ContainerDetails = z.infer<typeof ContainerDetails>

const names = z
  .array(z.string())
  .nullish()
  .transform((all) => all ?? [])
export const ImageDetails = z.object({
  Id: z.string(),
  RepoTags: names,
  RepoDigests: names,
  Config: z.object({ Healthcheck: z.object({ Test: z.array(z.string()).nullish() }).nullish() }).nullish(),
})
export type ImageDetails = z.infer<typeof ImageDetails>

export const ImageSummary = z.object({ Id: z.string(), RepoTags: names })
export type ImageSummary = z.infer<typeof ImageSummary>

export const EngineEvent = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }),
  /** Nanoseconds since the epoch. */
  timeNano: z.number(),
})
export type EngineEvent = z.infer<typeof EngineEvent>

/** A line of what a pull or a build says. */
export const Progress = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ total: z.number().optional() }).optional(),
})
export type Progress = z.infer<typeof Progress>
