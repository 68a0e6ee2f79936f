import { ref } from 'vue'

/** The time of this machine, as exactly as a second: what is relative to it ticks along. */
export const now = ref(Date.now())
setInterval(() => (now.value = Date.now()), 1_000)

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
/** Spans up to here are told as spans; what is older by its day. */
const longest = 7 * day

/** Milliseconds in words of one unit: `14 s`, `38 min`, `5 h`, `2 d`. */
export function span(milliseconds: number): string {
  const past = Math.max(0, milliseconds)
  if (past < minute) return `${Math.floor(past / 1_000)} s`
  if (past < hour) return `${Math.floor(past / minute)} min`
  return past < 2 * day ? `${Math.floor(past / hour)} h` : `${Math.floor(past / day)} d`
}

const date = { day: 'numeric', month: 'short', timeZone: 'UTC' } as const
const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'UTC' } as const
const forms = {
  day: date,
  clock,
  both: { ...date, ...clock },
  exact: { weekday: 'short', ...date, ...clock, second: '2-digit', timeZoneName: 'short' },
} satisfies Record<string, Intl.DateTimeFormatOptions>

const formats = new Map<string, Intl.DateTimeFormat>()

/** Made once for each language: that takes longer than to write a time by it. */
function written(time: string | number, form: keyof typeof forms, language: string): string {
  const key = `${form} ${language}`
  const format = formats.get(key) ?? new Intl.DateTimeFormat(language, forms[form])
  formats.set(key, format)
  return format.format(new Date(time))
}

/** How long ago a time was; what is older than a week by its day, in the language of the page. */
export function ago(time: string, language: string): string {
  const past = now.value - Date.parse(time)
  return past < longest ? span(past) : written(time, 'day', language)
}

/** A time to the second, in UTC. */
export function exact(time: string | number, language: string): string {
  return written(time, 'exact', language)
}

const told = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g

/** A sentence of the server's with its times as people write them: of today the time alone. */
export function inWords(sentence: string, language: string): string {
  const today = new Date(now.value).toISOString().slice(0, 10)
  return sentence.replace(told, (time) => written(time, time.startsWith(today) ? 'clock' : 'both', language))
}
