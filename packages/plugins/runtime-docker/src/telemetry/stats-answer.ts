import { readingOf, type Reading } from '@longshore/core'
import { z } from 'zod'

const figure = z.number().optional()
const counts = z.record(z.string(), z.number())

/** What the engine says that a container uses, on a host with cgroups of version 1 or 2. */
export const ContainerStats = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: figure }).optional() }).optional(),
  memory_stats: z.object({ usage: figure, stats: counts.nullish() }).optional(),
  blkio_stats: z
    .object({
      io_service_bytes_recursive: z.array(z.object({ op: z.string(), value: z.number() })).nullish(),
    })
    .optional(),
  pids_stats: z.object({ current: figure }).optional(),
  networks: z.record(z.string(), z.object({ rx_bytes: z.number(), tx_bytes: z.number() })).nullish(),
})
export type ContainerStats = z.infer<typeof ContainerStats>

/** Of a container that does not run the engine says nothing: then it is undefined. */
export function readAnswer(answer: ContainerStats, memoryLimit: number | undefined): Reading | undefined {
  const { cpu_stats, memory_stats, blkio_stats, pids_stats, networks } = answer
  const nanoseconds = cpu_stats?.cpu_usage?.total_usage
  const { usage, stats } = memory_stats ?? {}
  if (usage === undefined && pids_stats?.current === undefined) return undefined
  const idle = stats?.['total_inactive_file'] ?? stats?.['inactive_file'] ?? 0
  // None: nothing was moved, or nothing is known. What may be a lie is not told.
  const all = blkio_stats?.io_service_bytes_recursive
  const blocks = all?.length ? all : undefined
  const moved = (name: string) =>
    blocks?.filter(({ op }) => op.toLowerCase() === name).reduce((total, { value }) => total + value, 0)
  const cards = networks && Object.values(networks)
  return readingOf({
    cpu: nanoseconds === undefined ? undefined : nanoseconds / 1e6,
    memory: usage === undefined ? undefined : usage - idle,
    memoryLimit,
    networkIn: cards?.reduce((total, { rx_bytes }) => total + rx_bytes, 0),
    networkOut: cards?.reduce((total, { tx_bytes }) => total + tx_bytes, 0),
    blockRead: moved('read'),
    blockWritten: moved('write'),
    pids: pids_stats?.current,
  })
}
