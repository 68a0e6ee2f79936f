import type { Window } from '../src/windows.js'

const minute = 60_000
const day = 1440 * minute

/** A stretch of real time in which a zone changes its clock, minute by minute. */
export interface Minutes {
  zone: string
  from: number
  /** What the clock shows at each minute, as if it were UTC. */
  wall: number[]
}

/** Reads the zone's clock at every minute; `lead` days stand before what is asked for. */
export function minutesOf(zone: string, from: string, days: number, lead = 3): Minutes {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  const begin = Date.parse(from) - lead * day
  const wall = Array.from({ length: (days + lead) * 1440 }, (_, index) => {
    const parts = clock.formatToParts(begin + index * minute)
    const [y, m, d, h, i] = ['year', 'month', 'day', 'hour', 'minute'].map((type) =>
      Number(parts.find((part) => part.type === type)!.value),
    )
    return Date.UTC(y!, m! - 1, d, h, i)
  })
  return { zone, from: begin, wall }
}

/** For each minute, whether the window lies over it: the rules as they are written down, one minute after the other. */
function covered({ from, wall }: Minutes, pattern: string, lasts: number): boolean[] {
  const matches = matcher(pattern)
  const told = !/[*/]/.test(pattern.split(' ').slice(0, 2).join(' '))
  let shown = -Infinity
  let last = -Infinity
  return wall.map((now, index) => {
    const before = wall[index - 1] ?? now - minute
    let starts = matches(now)
    if (told) {
      starts &&= now > shown
      // The first moment after an hour that is left out stands for all of it; of a whole day nothing does.
      const leftOut = now - before < day ? now : before
      for (let at = before + minute; at < leftOut; at += minute) starts ||= at > shown && matches(at)
    }
    shown = Math.max(shown, now)
    if (starts) last = from + index * minute
    return from + index * minute < last + lasts
  })
}

/** For each minute, whether the windows let something in. All are of the zone. */
export function openMinutes(minutes: Minutes, windows: readonly Window[]): boolean[] {
  const over = (kind: 'allow' | 'deny') =>
    windows.flatMap((each) => (each[kind] === undefined ? [] : [covered(minutes, each[kind], each.for)]))
  const [allows, denies] = [over('allow'), over('deny')]
  return minutes.wall.map((_, index) => {
    const allowed = allows.length === 0 || allows.some((each) => each[index])
    return allowed && !denies.some((each) => each[index])
  })
}

/** Whether a cron pattern fits a minute of a clock: a plain reading of the five fields. */
function matcher(pattern: string): (wall: number) => boolean {
  const [minutes, hours, days, months, weekdays] = pattern.split(' ') as [
    string,
    string,
    string,
    string,
    string,
  ]
  const sets = {
    minute: valuesOf(minutes, 0, 59),
    hour: valuesOf(hours, 0, 23),
    date: valuesOf(days, 1, 31),
    month: valuesOf(months, 1, 12),
    weekday: new Set([...valuesOf(weekdays, 0, 7)].map((each) => each % 7)),
  }
  return (wall) => {
    const at = new Date(wall)
    const [date, weekday] = [sets.date.has(at.getUTCDate()), sets.weekday.has(at.getUTCDay())]
    // When both are told, either suffices: as cron has it.
    const onDay = days !== '*' && weekdays !== '*' ? date || weekday : date && weekday
    const inTime = sets.minute.has(at.getUTCMinutes()) && sets.hour.has(at.getUTCHours())
    return onDay && inTime && sets.month.has(at.getUTCMonth() + 1)
  }
}

function valuesOf(field: string, least: number, most: number): Set<number> {
  return new Set(
    field.split(',').flatMap((part) => {
      const [range, step = '1'] = part.split('/')
      const [from, to] = range === '*' ? [least, most] : range!.split('-').map(Number)
      const last = to ?? from!
      return Array.from({ length: last - from! + 1 }, (_, index) => from! + index).filter(
        (value) => (value - from!) % Number(step) === 0,
      )
    }),
  )
}
