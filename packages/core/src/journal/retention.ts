import type { Storage } from '../contracts/storage.js'
import type { Clock } from '../kernel/clock.js'
import { MissingError } from '../kernel/errors.js'
import type { Logger } from '../kernel/logger.js'
import type { Outputs } from '../linelog/outputs.js'
import type { LongshoreConfig, Placement } from '../protocol/index.js'
import type { Moment } from '../rewind/moment.js'
import type { Rewind } from '../rewind/rewind.js'
import type { Snapshots } from '../rewind/snapshots.js'

/** Milliseconds between two looks for what is past its time. */
const every = 3_600_000
/** Documents that are looked at at once. */
const page = 500
/** Of the room that events may take, what the snapshots of the state may take beside it. */
const snapshotShare = 1 / 4

export interface RetentionParts {
  storage: Storage
  snapshots: Snapshots
  rewind: Rewind
  now(): Moment
  outputs: Outputs
  clock: Clock
  log: Logger
  keep(): LongshoreConfig['retention']
  placements(): Iterable<Placement>
}

/**
 * Removes now and then what is past its time or beyond its room, until the signal aborts: events, what deployments printed,
 * and what is known of deployments whose events are gone. What runs, is held, pinned or quarantined, and what a service can
 * go back to, is told by its placement's document, which nothing removes; the deployments that it names stay too.
 */
export async function retain(parts: RetentionParts, signal: AbortSignal): Promise<void> {
  const { outputs, clock, log, keep } = parts
  while (!signal.aborted) {
    const { events, output } = keep()
    const inUse = deploymentsInUse(parts.placements())
    const gone = {
      events: await pruneEvents(parts, clock.now() - events.age, events.size, signal),
      outputs: await outputs.clean(clock.now() - output.age, output.size, inUse),
      deployments: await forget(parts, inUse, signal),
    }
    if (Object.values(gone).some((count) => count > 0))
      log.info(gone, 'what is past its retention was removed')
    await clock.sleep(every, signal).catch(() => undefined)
  }
}

/** Events that are older or beyond their room, and the snapshots of a time of which nothing else is left. */
async function pruneEvents(
  parts: RetentionParts,
  before: number,
  size: number,
  signal: AbortSignal,
): Promise<number> {
  const { storage, snapshots, now, log } = parts
  try {
    await holdOn(parts, before, signal)
  } catch (error) {
    signal.throwIfAborted()
    log.warn({ error }, 'the state before the first event that stays could not be kept')
    // What cannot be told any more is no reason to keep events for ever; of anything else, later may be better.
    if (!(error instanceof MissingError)) return 0
  }
  const gone = await storage.prune(before, size)
  const first = await oldestSeq(storage)
  await snapshots.prune(first - 1, size * snapshotShare)
  if (snapshots.heads.length === 0) await snapshots.write(now())
  return gone
}

/** The state before the first event that stays is kept, so that the time of all that stay can be told. */
async function holdOn(
  { storage, snapshots, rewind, now }: RetentionParts,
  before: number,
  signal: AbortSignal,
): Promise<void> {
  const stays = await oldestSeq(storage, before)
  if (stays <= (await oldestSeq(storage))) return
  await snapshots.write(await rewind.made(Math.min(stays - 1, now().seq), signal))
}

/** The seq of the oldest event, or of the oldest that is not older than the time; the next one to come when none is. */
async function oldestSeq(storage: Storage, since?: number): Promise<number> {
  for (let after: number | undefined = 0; after !== undefined;) {
    const { events, next } = await storage.events({ since, after, limit: 1 })
    if (events[0]) return events[0].seq
    after = next
  }
  return storage.last() + 1
}

/** Those that a placement names: what runs, is under way, was last, was kept, failed, or is why a commit is barred. */
function deploymentsInUse(placements: Iterable<Placement>): Set<string> {
  const named = [...placements].flatMap(({ running, deployment, last, failed, kept = [], quarantines }) => [
    running?.deployment,
    deployment?.id,
    last?.id,
    failed?.deployment,
    ...kept.map((each) => each.deployment),
    ...quarantines.map((each) => each.deployment),
  ])
  return new Set(named.filter((id) => id !== undefined))
}

/** The documents of deployments that began before the oldest event. */
async function forget(
  { storage }: RetentionParts,
  inUse: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<number> {
  const [oldest] = (await storage.events({ after: 0, limit: 1 })).events
  if (!oldest) return 0
  let forgotten = 0
  for (let after: string | undefined; !signal.aborted;) {
    const found = await storage.list<{ seq: number }>('deployment', { after, limit: page })
    const past = found.filter(({ key, value }) => value.seq < oldest.seq && !inUse.has(key))
    if (past.length > 0) {
      const documents = past.map(({ key }) => ({ collection: 'deployment', key, value: undefined }))
      await storage.commit({ events: [], documents })
    }
    forgotten += past.length
    after = found.at(-1)?.key
    // Their ids begin with their time: behind one that is young there is none that is past.
    if (found.length < page || found.at(-1)!.value.seq >= oldest.seq) break
  }
  return forgotten
}
