import { Cron } from 'croner'

/** When a cron pattern begins something, on the clock of a time zone. Times are milliseconds since the epoch. */
export interface Starts {
  /** The last start at the time or before it. */
  upTo(time: number): number | undefined
  /** The first start after the time. */
  after(time: number): number | undefined
}

/** The starts of a pattern in a zone, and how near they come to each other. */
interface Known {
  starts: Starts
  gap?: number
}

/** Patterns that are kept read: services often share theirs. */
const kept = 1_000
const known = new Map<string, Known>()

/**
 * The starts of a pattern that `cronFault` has nothing against. One that tells its hours and minutes (no `*` and no `/` there)
 * has each of them once a day, also when the clock is changed: at the first moment after an hour that is left out, and at
 * the first of two equal times. Any other goes by the time that passes. A day that the zone leaves out has none.
 */
export function startsOf(pattern: string, zone: string): Starts {
  return know(pattern, zone).starts
}

/** Milliseconds between the two starts that come nearest, where no clock is changed. */
export function shortestGap(pattern: string): number {
  const found = know(pattern, 'UTC')
  return (found.gap ??= gapOf(found.starts))
}

function know(pattern: string, zone: string): Known {
  const id = `${pattern} ${zone}`
  const found = known.get(id) ?? { starts: read(pattern, zone) }
  known.delete(id)
  known.set(id, found)
  if (known.size > kept) known.delete(known.keys().next().value!)
  return found
}

function read(pattern: string, zone: string): Starts {
  const cron = new Cron(pattern, {
    timezone: zone,
    mode: '5-part',
    fixedTimeRule: 'no-wildcard',
    paused: true,
  })
  const second = (time: number) => Math.floor(time / 1000) * 1000
  return {
    // What is asked for lies strictly before and after the second that is given.
    upTo: (time) => cron.previousRuns(1, new Date(second(time) + 1000))[0]?.getTime(),
    after: (time) => cron.nextRun(new Date(second(time)))?.getTime(),
  }
}

/** What is wrong with a cron pattern of five fields; undefined when nothing is. */
export function cronFault(pattern: string): string | undefined {
  const said = `${JSON.stringify(pattern)} is no cron pattern`
  if (pattern.trim().split(/\s+/).length !== 5)
    return `${said}: five fields belong there, minute, hour, day, month and weekday, as in 0 9 * * 1-5`
  if (pattern.includes('?')) return `${said}: write * for ?`
  try {
    read(pattern, 'UTC')
    return undefined
  } catch (error) {
    return `${said}: ${(error as Error).message.replace(/^\w+: /, '')}`
  }
}

/** Starts that are compared to find how near they come, at most. */
const compared = 400

/** Milliseconds between the two starts that come nearest, from now on, on a clock that nobody changes; Infinity for one alone. */
function gapOf(starts: Starts): number {
  let shortest = Infinity
  let last = starts.after(Date.now())
  for (let count = 0; last !== undefined && count < compared; count++) {
    const next = starts.after(last)
    shortest = Math.min(shortest, (next ?? Infinity) - last)
    last = next
  }
  return shortest
}
